/** What the answer to a question says to the handler that asked. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { IncomingMessage } from './incoming-message.js'
import { issuesText } from './schema-issues.js'

/** The value, or why it is none: a sentence for whoever answered. */
export type ReadAnswer<Value> = { readonly value: Value } | { readonly problem: string }

/** Checks the data part of the answer, or its text when there is none. */
export async function readBySchema<Schema extends StandardSchemaV1>(
  schema: Schema,
  answer: IncomingMessage,
): Promise<ReadAnswer<StandardSchemaV1.InferOutput<Schema>>> {
  const result = await schema['~standard'].validate(answer.data === undefined ? answer.text : answer.data)
  if (result.issues === undefined) return { value: result.value }
  return { problem: `The answer does not fit: ${issuesText(result.issues)}.` }
}

const YES: ReadonlySet<string> = new Set(
  'yes,y,yeah,yep,ok,okay,sure,true,approve,approved,i approve,accept,accepted,agree,agreed,confirm,confirmed,go ahead'.split(
    ',',
  ),
)
const NO: ReadonlySet<string> = new Set(
  'no,n,nope,false,deny,denied,decline,declined,reject,rejected,refuse,refused,disapprove,disapproved'.split(','),
)

/** `{ approved }` of the data part, or a word in the text when there is none. Whatever is not clear is no answer. */
export async function readApproval(answer: IncomingMessage): Promise<ReadAnswer<boolean>> {
  const { data } = answer
  if (data !== undefined) {
    const approved = typeof data === 'object' && data !== null && 'approved' in data ? data.approved : undefined
    return typeof approved === 'boolean'
      ? { value: approved }
      : { problem: 'The answer must be {"approved": true} or {"approved": false}.' }
  }
  const words = answer.text
    .trim()
    .toLowerCase()
    .replace(/[\s.,!]+/g, ' ')
    .trim()
  if (YES.has(words)) return { value: true }
  if (NO.has(words)) return { value: false }
  return { problem: 'The answer must be yes or no.' }
}

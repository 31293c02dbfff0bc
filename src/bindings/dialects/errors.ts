/** Errors of operations in the words of an older version. */
import { A2AError, invalidParams } from '../../a2a/errors.js'

/** Before 1.0 there was one error for an agent without a card for authenticated callers (protocol note 10.4). */
export function noExtendedCard(error: A2AError): A2AError {
  return error.reason === 'UNSUPPORTED_OPERATION'
    ? new A2AError('EXTENDED_AGENT_CARD_NOT_CONFIGURED', error.message, { metadata: error.metadata })
    : error
}

/** What the names of 1.0 are called in an older version, one after the other. */
export type Names = readonly (readonly [v1: RegExp, older: string])[]

/**
 * Errors in the names that the version has.
 *
 * @param fields for the places of what is wrong
 * @param words for what is said of it
 */
export function renameFields(fields: Names, words: Names = []): (error: A2AError) => A2AError {
  return (error) => {
    if (error.reason !== 'INVALID_PARAMS' || error.violations.length === 0) return error
    return invalidParams(
      error.violations.map(({ field, description }) => ({
        field: renamed(field, fields),
        description: renamed(description, words),
      })),
    )
  }
}

function renamed(text: string, names: Names): string {
  return names.reduce((so, [v1, older]) => so.replace(v1, older), text)
}

/** Whether the namespace of a configured server can be used: a process that starts without it would refuse every task. */
import type { Client } from '@temporalio/client'
import { CALL_MS } from './deadline.js'
import type { TemporalServer } from './embedded/index.js'

const NOT_FOUND = 5
/** Of something in front of Temporal that does not let everything through. */
const UNIMPLEMENTED = 12

/** @throws Error there is no such namespace, or we may not use it; the message says what to do */
export async function checkNamespace(
  client: Client,
  { address, namespace, source }: Pick<TemporalServer, 'address' | 'namespace' | 'source'>,
): Promise<void> {
  if (source.kind !== 'address') return
  try {
    await client.withDeadline(Date.now() + CALL_MS, () => client.workflowService.describeNamespace({ namespace }))
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === UNIMPLEMENTED) return
    if (code !== NOT_FOUND)
      throw new Error(`Temporal at ${address} does not let us use namespace ${namespace}`, { cause: error })
    throw new Error(
      `Temporal at ${address} has no namespace ${namespace}; name another by --namespace, or make it:\n` +
        `  temporal operator namespace create --address ${address} --namespace ${namespace} --retention 30d`,
    )
  }
}

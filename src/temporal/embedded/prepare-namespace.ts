/** Makes a running dev server fit: the namespace is there and keeps its closed workflows, search attributes exist. */
import type { Connection } from '@temporalio/client'
import { msNumberToTs, optionalTsToMs } from '@temporalio/common/lib/time.js'
import type { Logger } from '../../internal/logger.js'
import { reasonOf } from '../../internal/reason-of.js'
import { ensureSearchAttributes, type SearchAttributeTypeName } from '../search-attributes.js'
import { withConnection } from './probe.js'
import { sleep } from './wait.js'

export interface NamespaceWishes {
  readonly namespace: string
  /** Milliseconds that closed workflows are kept at least. */
  readonly retentionMs: number
  readonly searchAttributes: Readonly<Record<string, SearchAttributeTypeName>>
}

/** `temporal.api.enums.v1.IndexedValueType`. */
const GRPC_NOT_FOUND = 5
const GRPC_ALREADY_EXISTS = 6
const WITHIN_MS = 20_000

/**
 * The dev server makes namespaces with a retention of one day, and ignores new search attributes on an old file. May
 * be run again and by several at once. What is not needed to work is only logged when it fails.
 *
 * @throws Error when the namespace cannot be had
 */
export async function prepareNamespace(
  port: number,
  wishes: NamespaceWishes,
  logger: Logger,
  signal?: AbortSignal,
): Promise<void> {
  await withConnection(port, WITHIN_MS, async (connection) => {
    const retentionMs = await findRetention(connection, wishes, signal)
    if (retentionMs < wishes.retentionMs) await raiseRetention(connection, wishes, logger)
    await ensureSearchAttributes(connection.operatorService, wishes.namespace, wishes.searchAttributes, logger)
  })
}

/** Milliseconds. Registers the namespace when it is missing: the flag of the server works for its own start only. */
async function findRetention(
  connection: Connection,
  wishes: NamespaceWishes,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { namespace } = wishes
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace })
    return optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? 0
  } catch (error) {
    if (codeOf(error) !== GRPC_NOT_FOUND) throw error
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msNumberToTs(wishes.retentionMs),
    })
  } catch (error) {
    if (codeOf(error) !== GRPC_ALREADY_EXISTS) throw error // another process was faster, with the same wish
  }
  await waitUntilKnown(connection, namespace, signal)
  return wishes.retentionMs
}

/** Registered is not yet usable: the parts of the server learn of new namespaces by looking every few seconds. */
async function waitUntilKnown(
  connection: Connection,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    try {
      await connection.operatorService.listSearchAttributes({ namespace })
      return
    } catch (error) {
      if (codeOf(error) !== GRPC_NOT_FOUND) throw error // also the deadline of the connection ends this
    }
    await sleep(100, signal)
  }
}

async function raiseRetention(connection: Connection, wishes: NamespaceWishes, logger: Logger): Promise<void> {
  const { namespace, retentionMs } = wishes
  try {
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: msNumberToTs(retentionMs) },
    })
  } catch (error) {
    logger.warn({ namespace, retentionMs, reason: reasonOf(error) }, 'cannot raise the retention of the namespace')
  }
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'number' ? code : undefined
}

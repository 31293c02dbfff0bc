/** ListTasks (A2A section 3.1.4). */
import type { ListTasksRequestJson, ListTasksResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type FieldViolation, invalidParams } from '../a2a/errors.js'
import { idProblem } from '../a2a/ids.js'
import type { Engine } from '../engine/engine.js'
import { DEFAULT_PAGE_SIZE, type ListFilter, type ListPlace, MAX_PAGE_SIZE, MAX_WALK_MS } from '../task/list-query.js'
import type { CallContext } from './call-context.js'
import type { Secrets, ServiceLimits } from './ports.js'

export async function listTasks(
  engine: Engine,
  secrets: Secrets,
  limits: ServiceLimits,
  ctx: CallContext,
  request: ListTasksRequestJson,
): Promise<ListTasksResponseJson> {
  const filter = listFilter(ctx, request)
  const pageSize = request.pageSize || DEFAULT_PAGE_SIZE
  const violations: FieldViolation[] = []
  const contextProblem = idProblem(request.contextId ?? '')
  if (contextProblem !== undefined) violations.push({ field: 'contextId', description: contextProblem })
  if (pageSize < 1 || pageSize > MAX_PAGE_SIZE) {
    violations.push({ field: 'pageSize', description: `must be between 1 and ${MAX_PAGE_SIZE}` })
  }
  const token = request.pageToken ? openToken(secrets, limits, filter, request.pageToken) : undefined
  if (request.pageToken && token === undefined) {
    violations.push({
      field: 'pageToken',
      description: 'is not a token of this list, or has expired; start again without one',
    })
  }
  if (violations.length > 0) throw invalidParams(violations)
  const page = await engine.list({
    filter,
    pageSize,
    includeArtifacts: request.includeArtifacts === true,
    ...(token === undefined ? {} : { after: token.place }),
    ...(request.historyLength === undefined ? {} : { historyLength: request.historyLength }),
  })
  return {
    tasks: [...page.tasks],
    nextPageToken: page.next === undefined ? '' : sealToken(secrets, filter, page.next, token),
    pageSize,
    totalSize: page.totalSize,
  }
}

function listFilter(ctx: CallContext, request: ListTasksRequestJson): ListFilter {
  const { contextId, status, statusTimestampAfter } = request
  return {
    tenant: ctx.tenant,
    agentId: ctx.agent.id,
    owner: ctx.principal,
    ...(contextId ? { contextId } : {}),
    ...(status === undefined || status === 'TASK_STATE_UNSPECIFIED' ? {} : { state: status }),
    ...(statusTimestampAfter === undefined ? {} : { statusTimeFrom: firstMillisecond(statusTimestampAfter) }),
  }
}

/** The first one that is not before the time, in milliseconds since 1970: the times of tasks have no finer digits. */
function firstMillisecond(timestamp: string): number {
  const finer = /\.\d{3}(\d+)/.exec(timestamp)?.[1] ?? ''
  return Date.parse(timestamp) + (/[1-9]/.test(finer) ? 1 : 0)
}

interface PageToken {
  readonly place: ListPlace
  /** When the walk began, milliseconds since 1970. */
  readonly begunAt: number
}

/** A token is good only for the filter it was made for, and so for its caller. */
function purposeOf(filter: ListFilter): string {
  return `page:${JSON.stringify(filter)}`
}

function sealToken(secrets: Secrets, filter: ListFilter, place: ListPlace, before: PageToken | undefined): string {
  const token: PageToken = { place, begunAt: before?.begunAt ?? Date.now() }
  return secrets.seal(JSON.stringify(token), purposeOf(filter))
}

function openToken(secrets: Secrets, limits: ServiceLimits, filter: ListFilter, sealed: string): PageToken | undefined {
  const text = secrets.open(sealed, purposeOf(filter))
  if (text === undefined) return undefined
  const token = JSON.parse(text) as PageToken
  return Date.now() - token.begunAt > Math.min(limits.pageTokenMs, MAX_WALK_MS) ? undefined : token
}

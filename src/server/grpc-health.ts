/** grpc.health.v1: SERVING while tasks can be accepted. Who asks needs no credential, so all of it is bounded. */
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from '../../gen/grpc/health/v1/health_pb.js'
import type { ServerLimits } from './limits.js'

/** What probes call without a credential. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(
  Health.methods.map(({ name }) => `/${Health.typeName}/${name}`),
)
/** Bytes of a request to one of them: it holds the name of a service. */
export const MAX_HEALTH_BYTES = 1_024

/** Milliseconds between two looks of all Watches. */
const LOOK_MS = 500
/** Watches that are open at a time, over all callers. */
export const MAX_WATCHES = 100

export interface HealthOptions {
  /** Names that are answered besides the empty one, which means the server. */
  readonly services: readonly string[]
  /** Asked anew for every answer. */
  readonly ready: () => boolean
  /** A Watch that is open for `maxStreamMs` ends, and its client begins another. */
  readonly limits: Pick<ServerLimits, 'maxStreamMs'>
}

export function healthRoutes(router: ConnectRouter, { services, ready, limits }: HealthOptions): void {
  const known = new Set(['', ...services])
  const statusOf = () => (ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING)
  const nextLook = looks()
  let watches = 0
  router.service(Health, {
    check({ service }) {
      if (!known.has(service))
        throw new ConnectError(`unknown service ${service.slice(0, 100).toWellFormed()}`, Code.NotFound)
      return { status: statusOf() }
    },
    list: () => ({ statuses: Object.fromEntries([...known].map((name) => [name, { status: statusOf() }])) }),
    async *watch({ service }, { signal }) {
      if (watches >= MAX_WATCHES) {
        throw new ConnectError(`more than ${MAX_WATCHES} Watches are open; use Check`, Code.ResourceExhausted)
      }
      watches += 1
      try {
        const end = performance.now() + limits.maxStreamMs
        let last: ServingStatus | undefined
        while (!signal.aborted && performance.now() < end) {
          const status = known.has(service) ? statusOf() : ServingStatus.SERVICE_UNKNOWN
          if (status !== last) yield { status }
          last = status
          await nextLook(signal)
        }
      } finally {
        watches -= 1
      }
    },
  })
}

/** One timer for all who wait for the next look. Each resolves then, or as soon as its signal aborts. */
function looks(): (signal: AbortSignal) => Promise<void> {
  const waiting = new Set<() => void>()
  let due = false
  const look = () => {
    due = false
    for (const wake of [...waiting]) wake()
  }
  return (signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const wake = () => {
        waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
      waiting.add(wake)
      if (due) return
      due = true
      setTimeout(look, LOOK_MS).unref()
    })
}

/** grpc.health.v1: SERVING while tasks can be accepted. */
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from '../../gen/grpc/health/v1/health_pb.js'
import { sleep } from '../internal/abort.js'

/** Milliseconds between two looks of a Watch. */
const WATCH_MS = 500

/**
 * @param services names that are answered besides the empty one, which means the server
 * @param ready asked anew for every answer
 */
export function healthRoutes(router: ConnectRouter, services: readonly string[], ready: () => boolean): void {
  const known = new Set(['', ...services])
  const statusOf = () => (ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING)
  router.service(Health, {
    check({ service }) {
      if (!known.has(service))
        throw new ConnectError(`unknown service ${service.slice(0, 100).toWellFormed()}`, Code.NotFound)
      return { status: statusOf() }
    },
    list: () => ({ statuses: Object.fromEntries([...known].map((name) => [name, { status: statusOf() }])) }),
    async *watch({ service }, { signal }) {
      let last: ServingStatus | undefined
      while (!signal.aborted) {
        const status = known.has(service) ? statusOf() : ServingStatus.SERVICE_UNKNOWN
        if (status !== last) yield { status }
        last = status
        await sleep(WATCH_MS, signal, 'background')
      }
    },
  })
}

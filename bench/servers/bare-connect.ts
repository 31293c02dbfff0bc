/** The library's own server with the same service: one event, and silence until the reader goes. */
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { A2AService } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { serveQuestions } from '../support/child.js'

const adapter = connectNodeAdapter({
  routes(router) {
    router.service(A2AService, {
      async *subscribeToTask({ id }, { signal }) {
        yield { payload: { case: 'task', value: { id } } }
        if (!signal.aborted) await once(signal, 'abort')
      },
    })
  },
})
const server = http2.createServer(adapter)
const sessions = new Set<http2.ServerHttp2Session>()
server.on('session', (session) => {
  sessions.add(session)
  session.once('close', () => sessions.delete(session))
})
server.listen(0, '127.0.0.1', () => {
  serveQuestions(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  process.send?.({ port: (server.address() as AddressInfo).port })
})

/**
 * Bare event streams: what Node and the loopback cost, without any protocol. With `?count=N` the time, 1,000 times a second;
 * without, one event, and silence until the reader goes.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveQuestions } from '../support/child.js'

const server = http.createServer((request, response) => {
  const count = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('count'))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  if (count === 0) {
    response.write('data: {}\n\n')
    return
  }
  const begun = performance.now()
  let sent = 0
  const tick = () => {
    while (sent < count && performance.now() - begun >= sent) {
      response.write(`data: {"text":"${process.hrtime.bigint()} "}\n\n`)
      sent += 1
    }
    if (sent < count) setTimeout(tick, 1)
    else response.end()
  }
  tick()
})
server.listen(0, '127.0.0.1', () => {
  serveQuestions(() => {
    server.close()
  })
  process.send?.({ port: (server.address() as AddressInfo).port })
})

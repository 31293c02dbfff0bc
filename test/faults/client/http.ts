/** One HTTP request to a loopback address, with a deadline; streams as server-sent events. */
import { request as httpRequest, type IncomingMessage } from 'node:http'

export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/**
 * Resolves with the head of the answer.
 *
 * @throws ConnectionError there is no answer
 */
export function open({ method, url, headers, body, signal }: HttpRequest): Promise<IncomingMessage> {
  const { hostname } = new URL(url)
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(hostname)) throw new Error(`${url} is not on this machine`)
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, {
      method,
      headers: { ...headers, ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
      agent: false,
      signal,
    })
    req.once('response', (res) => {
      // What breaks later is seen by whoever reads the body.
      res.on('error', () => {})
      resolve(res)
    })
    req.on('error', (error) => reject(new ConnectionError(error.message)))
    req.end(body)
  })
}

/** @throws ConnectionError the body did not come to its end */
export async function readBody(res: IncomingMessage): Promise<string> {
  let text = ''
  res.setEncoding('utf8')
  try {
    for await (const chunk of res) text += chunk
  } catch (error) {
    throw new ConnectionError(String(error))
  }
  if (!res.complete) throw new ConnectionError('the answer was cut')
  return text
}

export interface SseEvent {
  readonly id: string | undefined
  readonly data: string
}

/** @throws ConnectionError the stream broke before its end */
export async function* readEvents(res: IncomingMessage): AsyncGenerator<SseEvent, void, undefined> {
  let buffer = ''
  res.setEncoding('utf8')
  try {
    for await (const chunk of res) {
      buffer += chunk
      for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
        const event = parse(buffer.slice(0, end))
        buffer = buffer.slice(end + 2)
        if (event !== undefined) yield event
      }
    }
  } catch (error) {
    throw new ConnectionError(String(error))
  }
  if (!res.complete) throw new ConnectionError('the stream was cut')
}

function parse(text: string): SseEvent | undefined {
  let id: string | undefined
  const data: string[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('data:')) data.push(line.slice(5).trimStart())
    else if (line.startsWith('id:')) id = line.slice(3).trim()
  }
  return data.length === 0 ? undefined : { id, data: data.join('\n') }
}

/** Addresses that operators give. One that is almost right would match nothing, or stand on the cards. */

/** Address to listen on, when no other is given: only this machine. */
export const DEFAULT_HOST = '127.0.0.1'

/** What is wrong with it, in words that follow its name; undefined when nothing is. */
export type Check = (text: string) => string | undefined

/** Of `corsOrigins`: compared with what browsers send, letter by letter. */
export const originProblem: Check = (text) => {
  if (text === '*') return undefined
  const url = URL.parse(text)
  // Pages of browser extensions have schemes of their own, of which URL knows no origin.
  const exact = url !== null && (isHttp(url) ? url.origin === text : /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]+$/.test(text))
  return exact
    ? undefined
    : 'must be * or an origin as browsers send it, such as https://app.example: no path, no slash'
}

/** Of `publicUrl`. */
export const publicUrlProblem: Check = (text) => {
  const url = URL.parse(text)
  const plain = url !== null && isHttp(url) && url.search === '' && url.hash === '' && url.username === ''
  return plain ? undefined : 'must be an http or https URL, such as https://agents.example'
}

/** Of `publicGrpcUrl`. */
export const grpcUrlProblem: Check = (text) => {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `http://${text}`)
  const plain = url !== null && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === ''
  return plain ? undefined : 'must be host and port, such as agents.example:443'
}

/** Of `allowedHosts`. */
export const hostProblem: Check = (text) => {
  const name = text.includes(':') ? `[${text}]` : text
  const url = URL.parse(`http://${name}`)
  return url !== null && url.href === `http://${name.toLowerCase()}/`
    ? undefined
    : 'must be a host name or an address, without scheme and port'
}

function isHttp({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:'
}

export interface AddressOptions {
  readonly publicUrl?: string
  readonly publicGrpcUrl?: string
  readonly corsOrigins?: readonly string[]
  readonly allowedHosts?: readonly string[]
}

/** @throws TypeError the text names the option */
export function checkAddresses(options: AddressOptions): void {
  const { publicUrl, publicGrpcUrl, corsOrigins, allowedHosts } = options
  check('publicUrl', publicUrl, publicUrlProblem)
  check('publicGrpcUrl', publicGrpcUrl, grpcUrlProblem)
  for (const origin of corsOrigins ?? []) check('corsOrigins', origin, originProblem)
  for (const host of allowedHosts ?? []) check('allowedHosts', host, hostProblem)
}

function check(name: string, value: string | undefined, problemOf: Check): void {
  const problem = value === undefined ? undefined : problemOf(value)
  if (problem !== undefined) throw new TypeError(`${name} ${JSON.stringify(value)} ${problem}`)
}

/** Webhooks made at random: each as a disguised text, and as what it really is, for the oracle. */
import { fc } from '../../support/property.js'

export interface MadeWebhook {
  readonly url: string
  /** What its host's name leads to; undefined when the host is an address itself. */
  readonly found: readonly string[] | undefined
  /** Ranges that the operator has allowed. */
  readonly allow: readonly string[]
  /** What the oracle is told: scheme, whether it has a user name, port, families and numbers of its addresses, `allow`. */
  readonly facts: readonly [string, boolean, number | null, readonly (readonly [4 | 6, string])[], readonly string[]]
}

/** The one name that webhooks have. */
export const NAME = 'hooks.example'

/** What registries know of, and clouds use. Numbers come from these, from just outside them, and from anywhere. */
const RANGES =
  `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 127.0.0.1/32 169.254.0.0/16 169.254.169.254/32 172.16.0.0/12
  192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15
  198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32 168.63.129.16/32 100.100.100.200/32
  ::/8 ::/128 ::1/128 64:ff9b::/96 64:ff9b:1::/48 100::/64 2000::/3 2001::/23 2001::/32 2001:2::/48 2001:3::/32
  2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 4000::/3
  5f00::/16 8000::/3 e000::/4 f000::/5 fc00::/7 fd00:ec2::254/128 fe80::/10 fec0::/10 ff00::/8`.split(/\s+/)

const ALLOWED = [[], [], [], ['127.0.0.0/8', '::1/128'], ['10.0.0.0/9'], ['fd00::/8', '64:ff9b::/96'], ['192.0.2.7/32']]

/** @param port one that is often asked for */
export function madeWebhooks(port: number): fc.Arbitrary<MadeWebhook> {
  const address = fc.oneof(
    { weight: 3, arbitrary: v4.map((number) => ({ family: 4 as const, number })) },
    { weight: 2, arbitrary: v6.map((number) => ({ family: 6 as const, number })) },
  )
  const host = fc.oneof(
    {
      weight: 3,
      arbitrary: address.chain((one) => written(one).map((text) => ({ text, addresses: [one], name: false }))),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(address, { minLength: 1, maxLength: 3 })
        .map((addresses) => ({ text: NAME, addresses, name: true })),
    },
  )
  const scheme = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('https', 'HTTPS', 'hTTps') },
    { weight: 3, arbitrary: fc.constantFrom('http', 'HTTP') },
    { weight: 1, arbitrary: fc.constantFrom('ftp', 'ws', 'wss', 'gopher', 'file') },
  )
  const user = fc.oneof(
    { weight: 15, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('u@', 'u:p@', ':p@', `${NAME}@`, '8.8.8.8:443@', '%40@') },
  )
  const ports = fc.constantFrom<(number | null)[]>(
    null,
    null,
    null,
    port,
    port,
    443,
    80,
    22,
    0,
    1_023,
    1_024,
    8_443,
    65_535,
  )
  const path = fc.constantFrom('', '/', '/hook?a=b', '/a@b', '#x', '?@8.8.8.8', '//8.8.8.8/', '/%00')
  return fc.record({ scheme, user, host, port: ports, path, allow: fc.constantFrom(...ALLOWED) }).map((made) => {
    const { host, allow } = made
    return {
      url: `${made.scheme}://${made.user}${host.text}${made.port === null ? '' : `:${made.port}`}${made.path}`,
      found: host.name ? host.addresses.map(plainly) : undefined,
      allow,
      facts: [
        made.scheme.toLowerCase(),
        made.user !== '',
        implied(made.scheme, made.port),
        host.addresses.map(({ family, number }) => [family, String(number)] as const),
        allow,
      ],
    }
  })
}

/** The port that a scheme has anyway is none in a URL. */
function implied(scheme: string, port: number | null): number | null {
  const usual = { https: 443, http: 80 }[scheme.toLowerCase()]
  return port === usual ? null : port
}

interface Address {
  readonly family: 4 | 6
  readonly number: bigint
}

const WIDTHS = { 4: 32, 6: 128 } as const

function numbers(family: 4 | 6): fc.Arbitrary<bigint>[] {
  const max = 2n ** BigInt(WIDTHS[family]) - 1n
  const near = (value: bigint) => (value < 0n ? 0n : value > max ? max : value)
  return RANGES.filter((range) => range.includes(':') === (family === 6)).map((range) => {
    const [text = '', bits] = range.split('/')
    const first = family === 6 ? readV6(text) : readV4(text)
    const last = first + 2n ** BigInt(WIDTHS[family] - Number(bits)) - 1n
    return fc.oneof(
      fc.constantFrom(first, last, near(first - 1n), near(last + 1n)),
      fc.bigInt({ min: first, max: last }),
    )
  })
}

const v4 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), fc.constant(0x7f000001n), ...numbers(4))

const v6 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
  fc.constant(1n),
  ...numbers(6),
  // IPv4 within: mapped, compatible, translated, NAT64, 6to4.
  v4.map((number) => (0xffffn << 32n) | number),
  v4,
  v4.map((number) => (0xffff0000n << 32n) | number),
  v4.map((number) => (0x64ff9bn << 96n) | number),
  v4.map((number) => (0x2002n << 112n) | (number << 80n)),
)

function readV4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
}

function readV6(text: string): bigint {
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}

/** As a resolver gives it. */
function plainly({ family, number }: Address): string {
  return family === 4 ? dotted(number) : groupsOf(number).join(':')
}

function dotted(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.')
}

function groupsOf(number: bigint): string[] {
  return Array.from({ length: 8 }, (_, at) => ((number >> BigInt(112 - 16 * at)) & 0xffffn).toString(16))
}

/** As an attacker writes it in a URL. */
function written({ family, number }: Address): fc.Arbitrary<string> {
  return family === 4 ? writtenV4(number) : writtenV6(number)
}

const DIGITS = ['0123456789', '０１２３４５６７８９', '⓪①②③④⑤⑥⑦⑧⑨', '⁰¹²³⁴⁵⁶⁷⁸⁹'].map((digits) => [...digits])
const DOTS = ['.', '。', '．', '｡', '%2e', '%2E']

function writtenV4(number: bigint): fc.Arbitrary<string> {
  const radix = fc.constantFrom<((value: bigint) => string)[]>(
    (value) => String(value),
    (value) => String(value),
    (value) => `0x${value.toString(16)}`,
    (value) => `0X${value.toString(16).toUpperCase()}`,
    (value) => `0x000${value.toString(16)}`,
    (value) => `0${value.toString(8)}`,
    (value) => `000${value.toString(8)}`,
  )
  return fc
    .record({
      parts: fc.constantFrom(4, 4, 4, 3, 2, 1),
      radix: fc.array(radix, { minLength: 4, maxLength: 4 }),
      alphabet: fc.constantFrom(0, 0, 0, 0, 1, 2, 3),
      dot: fc.constantFrom(...DOTS.map((_, at) => at), 0, 0, 0, 0, 0, 0),
      end: fc.constantFrom('', '', '', '.'),
      encoded: fc.constantFrom(false, false, false, true),
    })
    .map(({ parts, radix, alphabet, dot, end, encoded }) => {
      const bytes = [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n)
      const last = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256n + byte, 0n)
      const texts = [...bytes.slice(0, parts - 1), last].map((value, at) => radix[at]?.(value) ?? '')
      const digits = DIGITS[alphabet] ?? []
      const text = texts.map((one) => one.replace(/\d/g, (digit) => digits[Number(digit)] ?? digit))
      const whole = text.join(DOTS[dot]) + end
      return encoded && alphabet === 0 ? percentEncoded(whole) : whole
    })
}

/** Every other character. */
function percentEncoded(text: string): string {
  if (/[^!-~]|%/.test(text)) return text
  return [...text].map((one, at) => (at % 2 === 0 ? `%${one.charCodeAt(0).toString(16)}` : one)).join('')
}

function writtenV6(number: bigint): fc.Arbitrary<string> {
  const groups = groupsOf(number)
  const tail = dotted(number & 0xffffffffn)
  return fc
    .constantFrom(
      groups.join(':'),
      groups.map((group) => group.padStart(4, '0')).join(':'),
      groups.join(':').toUpperCase(),
      [...groups.slice(0, 6), tail].join(':'),
      compressed(groups),
      compressed([...groups.slice(0, 6), tail]),
    )
    .map((text) => `[${text}]`)
}

/** The first run of zeros, of any length, left out. */
function compressed(groups: readonly string[]): string {
  const from = groups.indexOf('0')
  if (from < 0) return groups.join(':')
  const length = groups.slice(from).findIndex((group) => group !== '0')
  const to = length < 0 ? groups.length : from + length
  return `${groups.slice(0, from).join(':')}::${groups.slice(to).join(':')}`
}

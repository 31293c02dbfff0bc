/** Where webhooks may go: a corpus of disguises, and what the operator may open. */
import { describe, expect, it } from 'vitest'
import { addressRange, isPublicAddress } from '../../../src/push/webhook-addresses.js'
import {
  checkWebhookTarget,
  judgeWebhookUrl,
  MAX_WEBHOOK_URL,
  webhookPolicy,
} from '../../../src/push/webhook-policy.js'
import { namedPolicy } from '../../support/webhook-receivers.js'

const PUBLIC = webhookPolicy()
const open = (...allow: string[]) => webhookPolicy(allow, PUBLIC.resolve)

/** Each of them is a way to write an address that webhooks may not reach. */
const HOSTS = {
  loopback: [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.255.255.254',
    '0x7f000001',
    '0x7F.1',
    '0x7f.0x0.0x0.0x1',
    '0X7F000001',
    '2130706433',
    '017700000001',
    '0177.0.0.1',
    '0177.1',
    '00000177.0.0.1',
    '127.0.0.1.',
    '127.0.0.01',
    '0x7f.0.1',
    '127.0x1',
    '①②⑦.⓪.⓪.①',
    '１２７.０.０.１',
    '127。0。0。1',
    '127．0．0．1',
    '127｡0｡0｡1',
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
    '0x7f%2e1',
    '𝟏𝟐𝟕.𝟎.𝟎.𝟏',
    '¹²⁷.0.0.1',
    '127.0.0.\u00ad1',
    '127.000.000.001',
  ],
  'loopback, IPv6': [
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[0000:0000:0000:0000:0000:0000:0000:0001]',
    '[::0001]',
    '[0::1]',
    '[::0.0.0.1]',
  ],
  'IPv4 in IPv6': [
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::FFFF:7F00:0001]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[::ffff:0.0.0.0]',
    '[::ffff:100.100.100.200]',
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::10.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[::ffff:0:7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::127.0.0.1]',
    '[64:ff9b::8.8.8.8]',
    '[2002:7f00:1::]',
    '[2002:a00:1::]',
    '[2002:a9fe:a9fe::1]',
    '[2002:808:808::1]',
    '[2001::7f00:1]',
    '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
    '[::ffff:192.168.0.1]',
    '[::ffff:c0a8:1]',
  ],
  unspecified: [
    '0.0.0.0',
    '0',
    '0x0',
    '00',
    '0.0',
    '0x00000000',
    '0.0.0.1',
    '0.255.255.255',
    '[::]',
    '[0::0]',
    '[::0.0.0.0]',
  ],
  private: [
    '10.0.0.1',
    '10.255.255.255',
    '10.1',
    '0xa000001',
    '167772161',
    '012.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '0xac100001',
    '2886729729',
    '172.1048577',
    '192.168.0.1',
    '192.168.255.255',
    '0xc0a80001',
    '3232235521',
    '0300.0250.0.1',
    '192.168.1',
    '192.11010049',
    '１０.０.０.１',
    '[fc00::1]',
    '[fd00::1]',
    '[fdff:ffff::1]',
    '[fec0::1]',
    '[feff::1]',
  ],
  'link-local and metadata': [
    '169.254.169.254',
    '169.254.0.1',
    '169.254.170.2',
    '169.254.169.123',
    '169.254.169.253',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '169.254.43518',
    '169.16689662',
    '0xa9.0xfe.0xa9.0xfe',
    '169.254.169.254.',
    '①⑥⑨.②⑤④.①⑥⑨.②⑤④',
    '[fe80::1]',
    '[febf::1]',
    '[fe80::a9fe:a9fe]',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '100.100.100.200',
    '0x646464c8',
    '192.0.0.192',
    '168.63.129.16',
    '0xa83f8110',
    '[::ffff:168.63.129.16]',
  ],
  'shared, reserved, documentation': [
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.1',
    '192.0.0.8',
    '192.0.0.170',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '250.1.2.3',
    '255.255.255.255',
    '0xffffffff',
    '4294967295',
    '037777777777',
    '192.31.196.1',
    '192.52.193.1',
    '192.175.48.1',
    '[100::1]',
    '[2001:db8::1]',
    '[2001:2::1]',
    '[2001:10::1]',
    '[2001:20::1]',
    '[2001:1::1]',
    '[2001:3::1]',
    '[2001:4:112::1]',
    '[2620:4f:8000::1]',
    '[3fff::1]',
    '[5f00::1]',
    '[ff02::1]',
    '[ff0e::1]',
    '[4000::1]',
    '[8000::1]',
    '[e000::1]',
    '[1::1]',
    '[200::1]',
    '[400::1]',
    '[::2]',
    '[::ffff:0:0:1]',
  ],
} as const

/** And these are no webhooks for other reasons. */
const URLS = {
  'other schemes': [
    'http://hooks.example/',
    'HTTP://hooks.example/',
    'http://93.184.216.34/',
    'ftp://hooks.example/',
    'file:///etc/passwd',
    'gopher://hooks.example/',
    'ws://hooks.example/',
    'wss://hooks.example/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'blob:https://hooks.example/1',
    'unix:/run/docker.sock',
    'about:blank',
    'mailto:a@b.example',
    'https+unix://%2frun%2fsock/',
    'jar:https://hooks.example!/',
    'ldap://hooks.example/',
    'dict://hooks.example:11211/',
  ],
  'user names': [
    'https://user@hooks.example/',
    'https://user:pass@hooks.example/',
    'https://:pass@hooks.example/',
    'https://hooks.example@127.0.0.1/',
    'https://hooks.example%40127.0.0.1@hooks.example/',
    'https://93.184.216.34:443@127.0.0.1/',
    'https://127.0.0.1:80@hooks.example/',
  ],
  ports: [
    ...[1, 21, 22, 23, 25, 53, 80, 110, 139, 143, 389, 445, 465, 587, 636, 993, 995, 1023].map(
      (port) => `https://hooks.example:${port}/`,
    ),
    'https://hooks.example:0/',
    'https://93.184.216.34:22/',
    'https://hooks.example:65536/',
    'https://hooks.example:x/',
  ],
  'characters that are dropped or turned': [
    'https://hooks.example\\@127.0.0.1/',
    'https:\\\\hooks.example\\',
    'https://hooks.example/\n',
    '\thttps://hooks.example/',
    'https://hooks\n.example/',
    'https://hooks.example/ x',
    ' https://hooks.example/',
    'https://hooks.example/\0',
    'https://hooks.example/\r\nx-evil: 1',
    'https://hooks.example/\u2028',
    'https://hooks.example/\u00a0',
    'ht\ntps://hooks.example/',
    'https://hooks.example/\u0085',
    'https://127.0.0\n.1/',
  ],
  'no URLs': [
    '',
    'x',
    'hooks.example',
    '//hooks.example/',
    '/hook',
    'https://',
    'https:///',
    'https://:443/',
    'https://[::1/',
    'https://[fe80::1%25eth0]/',
    'https://256.256.256.256/',
    'https://1.2.3.4.5/',
    'https://0x100000000/',
    'https://a b/',
    'https://hooks.example<>/',
    'https://%00/',
    'https://[127.0.0.1]/',
    'https://[::ffff:127.0.0.1.2]/',
    `https://hooks.example/${'x'.repeat(MAX_WEBHOOK_URL)}`,
  ],
} as const

const all = [
  ...Object.values(HOSTS)
    .flat()
    .map((host) => `https://${host}/hook`),
  ...Object.values(URLS).flat(),
]

describe('a corpus of disguises', () => {
  it('is large, and names nothing twice', () => {
    expect(all.length).toBeGreaterThanOrEqual(200)
    expect(new Set(all).size).toBe(all.length)
  })

  it.each(Object.entries(HOSTS))('of %s is refused by each scheme and port, without a look-up', async (_, hosts) => {
    const passed = hosts.flatMap((host) =>
      [`https://${host}/hook`, `https://${host}:8443/`, `http://${host}/`, `HTTPS://${host}?a`].filter(
        (url) => !('refused' in judgeWebhookUrl(url, PUBLIC)),
      ),
    )
    expect(passed).toEqual([])
  })

  it.each(Object.entries(URLS))('of %s is refused', (_, urls) => {
    expect(urls.filter((url) => !('refused' in judgeWebhookUrl(url, PUBLIC)))).toEqual([])
  })

  it('is refused as well when some other address is allowed', () => {
    const policy = open('192.0.2.77')
    const { 'user names': users, 'characters that are dropped or turned': characters, 'no URLs': none } = URLS
    const hosts = Object.values(HOSTS).flat()
    const urls = [...hosts.map((host) => `http://${host}:22/`), ...users, ...characters, ...none]
    expect(urls.filter((url) => !('refused' in judgeWebhookUrl(url, policy)))).toEqual([])
  })

  it('leads nowhere as names either', async () => {
    const addresses = [
      '127.0.0.1',
      '::1',
      '10.0.0.1',
      '169.254.169.254',
      '::ffff:127.0.0.1',
      '0.0.0.0',
      'fe80::1%eth0',
      'x',
      '',
    ]
    for (const address of addresses) {
      for (const found of [[address], ['93.184.216.34', address], [address, '93.184.216.34']]) {
        const policy = namedPolicy({ 'hooks.example': found })
        expect(await checkWebhookTarget('https://hooks.example/', policy)).toEqual({
          refused: 'its host has no address, or not only addresses, that webhooks may reach',
        })
      }
    }
    expect(await checkWebhookTarget('https://hooks.example/', namedPolicy({ 'hooks.example': [] }))).toHaveProperty(
      'refused',
    )
  })

  it('says in a refusal nothing of what it has found', async () => {
    const policy = namedPolicy({ 'db.internal': ['10.11.12.13'] })
    const verdict = await checkWebhookTarget('https://db.internal/', policy)
    expect(JSON.stringify(verdict)).not.toMatch(/10\.11|internal/)
  })
})

describe('public webhooks', () => {
  it.each([
    'https://hooks.example/',
    'https://hooks.example',
    'https://hooks.example:443/a?b=c#d',
    'https://hooks.example:8443/',
    'https://hooks.example:65535/',
    'https://93.184.216.34/',
    'https://1.1.1.1:1024/',
    'https://[2606:4700::1111]/',
    'https://[::ffff:8.8.8.8]/',
    'https://bücher.example/',
    'https://hooks.example./',
    'https://a_b.example/',
    'https://hooks.example/%0d%0a',
    'https://hooks.example/?to=https://127.0.0.1/',
  ])('%s passes', (url) => {
    expect(judgeWebhookUrl(url, PUBLIC)).toHaveProperty('url')
  })

  it('pass with all of their addresses', async () => {
    const policy = namedPolicy({ 'hooks.example': ['93.184.216.34', '2606:4700::1111'] })
    const verdict = await checkWebhookTarget('https://hooks.example/x', policy)
    expect(verdict).toEqual({ url: new URL('https://hooks.example/x') })
  })

  it('may be registered before their names are', async () => {
    expect(await checkWebhookTarget('https://hooks.example/', namedPolicy({}))).toEqual({ unresolved: true })
  })

  it('wait for a name no longer than their caller does', async () => {
    const policy = webhookPolicy([], () => new Promise(() => {}))
    const reason = new Error('gone')
    const waiting = new AbortController()
    const checked = checkWebhookTarget('https://hooks.example/', policy, waiting.signal)
    waiting.abort(reason)
    await expect(checked).rejects.toBe(reason)
    await expect(checkWebhookTarget('https://hooks.example/', policy, AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})

describe('addresses that the operator has allowed', () => {
  const policy = open('127.0.0.1', '::1', '10.20.0.0/16', 'fd12::/16')

  it('may be reached by http and at any port, and no others', () => {
    for (const url of [
      'http://127.0.0.1/',
      'http://127.0.0.1:22/',
      'https://127.0.0.1:3000/',
      'http://127.1:3000/',
      'http://[::1]:3000/',
      'http://[::ffff:127.0.0.1]/',
      'http://10.20.255.255/',
      'https://[fd12:1::1]/',
    ]) {
      expect(judgeWebhookUrl(url, policy), url).toHaveProperty('url')
    }
    for (const url of [
      'http://127.0.0.2/',
      'https://127.0.0.2/',
      'https://10.21.0.1/',
      'http://93.184.216.34/',
      'https://93.184.216.34:25/',
      'https://[fd13::1]/',
      'http://169.254.169.254/',
      'ftp://127.0.0.1/',
      'http://user@127.0.0.1/',
    ]) {
      expect(judgeWebhookUrl(url, policy), url).toHaveProperty('refused')
    }
  })

  it('must be all that a name has, for http; for https the others may be public', async () => {
    const named = (addresses: string[]) => {
      const { allow } = policy
      return { allow, resolve: async () => addresses }
    }
    const verdict = async (url: string, ...addresses: string[]) =>
      'url' in (await checkWebhookTarget(url, named(addresses))) ? 'passes' : 'refused'
    expect(await verdict('http://localhost:3000/', '127.0.0.1', '::1')).toBe('passes')
    expect(await verdict('http://localhost:3000/', '127.0.0.1', '127.0.0.2')).toBe('refused')
    expect(await verdict('http://mixed.example/', '10.20.0.1', '93.184.216.34')).toBe('refused')
    expect(await verdict('https://mixed.example/', '10.20.0.1', '93.184.216.34')).toBe('passes')
    expect(await verdict('https://mixed.example:22/', '10.20.0.1', '93.184.216.34')).toBe('refused')
    expect(await verdict('https://mixed.example:22/', '10.20.0.1')).toBe('passes')
    expect(await verdict('http://nothing.example/')).toBe('refused')
  })

  it.each([
    '',
    'localhost',
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/255.0.0.0',
    'fe80::1%eth0',
    '[::1]',
    ' 10.0.0.1',
    '10.0.0.1\n',
    '::ffff:10.0.0.0/104',
    '*',
  ])('are not written as %j', (entry) => {
    expect(() => webhookPolicy([entry])).toThrow(TypeError)
  })

  it('are ranges as written', () => {
    const [address, bits] = addressRange('10.0.0.0/8')
    expect([address.toString(), bits]).toEqual(['10.0.0.0', 8])
    expect(judgeWebhookUrl('http://127.0.0.1/', open('::ffff:127.0.0.1'))).toHaveProperty('url')
    expect(judgeWebhookUrl('http://127.0.0.1/', open('0.0.0.0/0'))).toHaveProperty('url')
    expect(judgeWebhookUrl('http://[::1]/', open('0.0.0.0/0'))).toHaveProperty('refused')
  })
})

it('what is no address is not public', () => {
  for (const text of [
    '',
    'x',
    '1.1.1',
    '1.1.1.1.',
    '01.1.1.1',
    '[2606:4700::1111]',
    '2606:4700::1111%eth0',
    '1.1.1.1/32',
  ]) {
    expect(isPublicAddress(text)).toBe(false)
  }
})

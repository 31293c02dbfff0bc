import { validateHeaderValue } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { headerViolations, type WebhookContent, webhookHeaders } from '../../../src/push/webhook-headers.js'
import { webhookSecretRefused } from '../../../src/push/webhook-signature.js'
import { fc } from '../../support/property.js'
import { newWebhookSecret } from '../../support/webhook-secret.js'

const CONTENT: WebhookContent = { id: 'msg_1', event: 'status-update', body: '{"statusUpdate":{}}', version: '1.0' }
const NOW = 1_700_000_000_999

describe('headers of a delivery', () => {
  it('are these', () => {
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
    const authentication = { scheme: 'Bearer', credentials: 'abc' }
    expect(webhookHeaders(CONTENT, { token: 't', authentication, secrets: [secret] }, NOW)).toEqual({
      'content-type': 'application/a2a+json',
      'user-agent': 'temporal-a2a',
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1700000000',
      'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}=$/),
      'x-a2a-event': 'status-update',
      'x-a2a-signature': expect.stringMatching(/^sha256=[\da-f]{64}$/),
      'x-a2a-notification-token': 't',
      authorization: 'Bearer abc',
    })
  })

  it('say no more than there is to say', () => {
    const bare = webhookHeaders({ ...CONTENT, version: '0.3' }, { secrets: [], token: '' }, NOW)
    expect(Object.keys(bare).sort()).toEqual([
      'content-type',
      'user-agent',
      'webhook-id',
      'webhook-timestamp',
      'x-a2a-event',
    ])
    expect(bare['content-type']).toBe('application/json')
    expect(webhookHeaders(CONTENT, { secrets: [], authentication: { scheme: 'Bearer' } }, NOW)).not.toHaveProperty(
      'authorization',
    )
  })

  it('refuse an id that could be read as two, and what is no secret', () => {
    for (const id of ['', 'a.b', 'a b', 'a\n', 'ü', 'x'.repeat(129)]) {
      expect(() => webhookHeaders({ ...CONTENT, id }, { secrets: [] }, NOW)).toThrow(TypeError)
    }
    for (const secret of ['', 'secret', 'whsec_', `whsec_${Buffer.alloc(23).toString('base64')}`]) {
      expect(() => webhookHeaders(CONTENT, { secrets: [secret] }, NOW)).toThrow(TypeError)
    }
  })
})

describe('secrets', () => {
  it('are 24 to 64 bytes in base64, and new ones are', () => {
    expect(webhookSecretRefused(newWebhookSecret())).toBeUndefined()
    const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
    expect([24, 32, 64].map((bytes) => webhookSecretRefused(of(bytes)))).toEqual([undefined, undefined, undefined])
    for (const wrong of [
      of(23),
      of(65),
      of(24).slice(6),
      `${of(24)} `,
      `${of(32)}=`,
      of(25).replace(/=+$/, ''),
      `whsec_${'$'.repeat(40)}`,
    ]) {
      expect(webhookSecretRefused(wrong)).toMatch(/^a webhook's secret is whsec_/)
    }
  })
})

/** Headers as the library takes them: it looks at the clock itself. */
function signed(body: string, secrets: readonly string[], now = Date.now()) {
  return webhookHeaders({ ...CONTENT, body }, { secrets }, now)
}

describe('signatures', () => {
  it('are taken by the library of Standard Webhooks, and equal to its own', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        fc.stringMatching(/^[\w-]{1,128}$/),
        (value, key, id) => {
          const body = JSON.stringify(value)
          const secret = `whsec_${Buffer.from(key).toString('base64')}`
          const now = Date.now()
          const headers = webhookHeaders({ ...CONTENT, id, body }, { secrets: [secret] }, now)
          const library = new Webhook(secret)
          expect(library.verify(body, headers)).toEqual(JSON.parse(body))
          expect(headers['webhook-signature']).toBe(library.sign(id, new Date(now), body))
        },
      ),
    )
  })

  it('are taken with the old secret and with the new one while they are rotated, and with no third', () => {
    const [fresh, old, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()]
    const headers = signed('{}', [fresh, old])
    expect(new Webhook(fresh).verify('{}', headers)).toEqual({})
    expect(new Webhook(old).verify('{}', headers)).toEqual({})
    expect(() => new Webhook(other).verify('{}', headers)).toThrow('No matching signature')
    // The older header has room for one: the newest.
    expect(headers['x-a2a-signature']).toBe(signed('{}', [fresh])['x-a2a-signature'])
  })

  it('are too old or too new five minutes off', () => {
    const secret = newWebhookSecret()
    const at = (seconds: number) => () =>
      new Webhook(secret).verify('{}', signed('{}', [secret], Date.now() + seconds * 1_000))
    expect(at(-295)).not.toThrow()
    expect(at(295)).not.toThrow()
    expect(at(-301)).toThrow('too old')
    expect(at(302)).toThrow('too new')
  })

  // `WEBHOOK_FLIPS=200000` flips as many.
  const flips = Number(process.env.WEBHOOK_FLIPS ?? 4_000)
  it(`do not survive one flipped bit of id, time, body or signature: ${flips} of them`, { timeout: 600_000 }, () => {
    const body = JSON.stringify({ statusUpdate: { taskId: 'a', status: { state: 'TASK_STATE_WORKING' } } })
    let accepted = 0
    let done = 0
    // All bits of all parts, over and over, each time of another genuine webhook.
    while (done < flips) {
      const secret = newWebhookSecret()
      const library = new Webhook(secret)
      const genuine: Record<string, string> = { ...signed(body, [secret]), body }
      for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'body']) {
        const bytes = Buffer.from(genuine[name] ?? '')
        for (let bit = 0; bit < bytes.length * 8 && done < flips; bit++) {
          const changed = Buffer.from(bytes)
          changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          // As they come over the wire: the body in bytes, headers in Latin-1.
          const payload = name === 'body' ? changed : body
          const headers = name === 'body' ? genuine : { ...genuine, [name]: changed.toString('latin1') }
          done += 1
          try {
            library.verify(payload, headers)
            accepted += 1
          } catch {}
        }
      }
    }
    expect({ done, accepted }).toEqual({ done: flips, accepted: 0 })
  })
})

describe('what a caller wants to have sent', () => {
  const of = (config: object) =>
    headerViolations({ url: 'https://hooks.example/', ...config }).map(({ field }) => field)

  it('is taken when it can be', () => {
    expect(of({})).toEqual([])
    expect(of({ token: '' })).toEqual([])
    expect(of({ token: 'a b/c+d=', authentication: { scheme: 'Bearer', credentials: 'eyJ.x.y' } })).toEqual([])
    expect(of({ authentication: { scheme: 'Basic', credentials: 'dXNlcjpwYXNz' } })).toEqual([])
    expect(of({ authentication: { scheme: 'Custom-Scheme', credentials: 'key="v", other=1' } })).toEqual([])
    expect(of({ authentication: { scheme: 'Negotiate' } })).toEqual([])
    expect(of({ token: 'x'.repeat(1_024) })).toEqual([])
  })

  it('is refused by name when it cannot', () => {
    for (const bad of ['a\nb', 'a\r\nx-evil: 1', 'a\0', 'é', '😀', ' a', 'a ', '\t', 'a\u007f', 'x'.repeat(10_000)]) {
      expect(of({ token: bad })).toEqual(['token'])
      expect(of({ authentication: { scheme: 'Bearer', credentials: bad } })).toEqual(['authentication.credentials'])
      expect(of({ authentication: { scheme: bad, credentials: 'x' } })).toEqual(['authentication.scheme'])
    }
    expect(of({ authentication: { scheme: '', credentials: 'x' } })).toEqual(['authentication.scheme'])
    expect(of({ authentication: {} })).toEqual(['authentication.scheme'])
    expect(of({ authentication: { scheme: 'Bearer x', credentials: 'x' } })).toEqual(['authentication.scheme'])
  })

  it('is named where it is, and never repeated', () => {
    const config = { url: '', token: 'se\ncret' }
    const [violation] = headerViolations(config, 'configuration.taskPushNotificationConfig')
    expect(violation?.field).toBe('configuration.taskPushNotificationConfig.token')
    expect(violation?.description).not.toContain('cret')
  })

  it('can be sent whenever it is taken', () => {
    const latin1 = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), latin1)
    fc.assert(
      fc.property(text, text, text, (token, scheme, credentials) => {
        const config = { url: '', token, authentication: { scheme, credentials } }
        if (headerViolations(config).length > 0) return
        const headers = webhookHeaders(CONTENT, { ...config, secrets: [] }, NOW)
        for (const value of Object.values(headers)) {
          validateHeaderValue('x', value)
          expect(value.trim()).toBe(value)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

it('the older signature covers the body alone', () => {
  const secret = newWebhookSecret()
  const [one, two] = [signed('{}', [secret], NOW), signed('{}', [secret], NOW + 5_000)]
  expect(one['x-a2a-signature']).toBe(two['x-a2a-signature'])
  expect(one['webhook-signature']).not.toBe(two['webhook-signature'])
})

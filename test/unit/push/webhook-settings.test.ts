/** What operators set about webhooks. */
import { describe, expect, it } from 'vitest'
import { checkWebhookSettings, type WebhookSettings } from '../../../src/push/webhook-settings.js'

describe('settings of webhooks', () => {
  it('are taken when they make sense, and left out when they are undefined', () => {
    checkWebhookSettings()
    checkWebhookSettings({ allow: ['127.0.0.1', '10.0.0.0/8'], events: 'all', retryPace: 0.001, keepLogDays: 1 })
    checkWebhookSettings({ allow: undefined, events: undefined } as unknown as WebhookSettings)
  })

  it.each([
    [{ keepLogDays: -1 }, 'webhooks.keepLogDays must be at least 1'],
    [{ keepLogDays: Number.NaN }, 'webhooks.keepLogDays must be at least 1'],
    [{ keepLogDays: '30' }, 'webhooks.keepLogDays must be at least 1'],
    [{ retryPace: -1 }, 'webhooks.retryPace must be a number above 0'],
    [{ retryPace: 0 }, 'webhooks.retryPace must be a number above 0'],
    [{ events: 'nope' }, 'webhooks.events must be states, artifacts, all'],
    [{ events: ['states'] }, 'webhooks.events must be states, artifacts, all'],
    [{ allow: '10.0.0.0/8' }, 'webhooks.allow must be a list'],
    [{ allow: ['localhost'] }, '"localhost" is neither an address nor a range'],
    [{ allowed: [] }, 'webhooks.allowed is no setting; there are allow, events, retryPace, keepLogDays'],
  ])('are refused by name: %j', (settings, text) => {
    expect(() => checkWebhookSettings(settings as unknown as WebhookSettings)).toThrow(text)
  })
})

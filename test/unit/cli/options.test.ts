/** What becomes of flags: options by their names. */
import { Command, type Option } from 'commander'
import { describe, expect, it } from 'vitest'
import {
  type ListenFlags,
  listenFlags,
  listenOptions,
  type TemporalFlags,
  temporalFlags,
  temporalOptions,
  webhookAllowFlag,
  webhookSettings,
} from '../../../src/cli/flags.js'

function parse<T>(flags: readonly Option[], args: readonly string[]): T {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  for (const flag of flags) command.addOption(flag)
  return command.parse(args, { from: 'user' }).opts() as T
}

describe('options', () => {
  it('of listening have what was given, and no other names', async () => {
    const given = [
      '--port',
      '1',
      '--public-url',
      'https://a.example',
      '--cors',
      'https://b.example',
      '--strict-version',
    ]
    expect(await listenOptions(parse<ListenFlags>(listenFlags(), given))).toEqual({
      port: 1,
      host: '127.0.0.1',
      publicUrl: 'https://a.example',
      corsOrigins: ['https://b.example'],
      strictVersion: true,
      card: 'v1',
      cardKeys: [],
    })
    expect(Object.keys(await listenOptions(parse<ListenFlags>(listenFlags(), [])))).not.toContain('tls')
  })

  it('of Temporal and of webhooks too', () => {
    expect(temporalOptions(parse<TemporalFlags>(temporalFlags(), ['--namespace', 'n']))).toEqual({
      namespace: 'n',
      db: '.temporal-a2a/a2a.db',
    })
    expect(webhookSettings(parse([webhookAllowFlag()], []))).toEqual({})
    expect(webhookSettings(parse([webhookAllowFlag()], ['--webhook-allow', '::1,10.0.0.0/8']))).toEqual({
      allow: ['::1', '10.0.0.0/8'],
    })
  })
})

/** Addresses in the options of a server. */
import { describe, expect, it } from 'vitest'
import { agent } from '../../../src/agent/agent-definition.js'
import { serve } from '../../../src/serve.js'
import { type AddressOptions, checkAddresses } from '../../../src/server/addresses.js'

const BAD: readonly (readonly [AddressOptions, string])[] = [
  [{ corsOrigins: ['*', 'https://a.example/'] }, 'corsOrigins "https://a.example/" must be * or an origin'],
  [{ publicUrl: 'agents.example' }, 'publicUrl "agents.example" must be an http or https URL'],
  [{ publicGrpcUrl: 'a/b' }, 'publicGrpcUrl "a/b" must be host and port'],
  [{ allowedHosts: ['a:1'] }, 'allowedHosts "a:1" must be a host name'],
]

describe('addresses', () => {
  it.each(BAD)('are refused by name: %j', async (options, text) => {
    expect(() => checkAddresses(options)).toThrow(text)
    const agents = [agent({ id: 'echo' }, (message) => message.text)]
    await expect(serve({ agents, engine: 'memory', port: 0, ...options })).rejects.toThrow(text)
  })

  it('may be left out', () => checkAddresses({}))
})

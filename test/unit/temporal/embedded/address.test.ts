import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configuredTemporal } from '../../../../src/temporal/embedded/address.js'
import { bareEnv, temporaryFolder } from './fixtures.js'

describe('configuredTemporal', () => {
  it('has no address when nothing names one', () => {
    const env = bareEnv(temporaryFolder(), { TEMPORAL_NAMESPACE: 'tests' })
    expect(configuredTemporal({}, env)).toMatchObject({ address: undefined, namespace: 'tests' })
  })

  it('takes address, namespace and metadata from the environment, and TLS from an API key', () => {
    const env = bareEnv(temporaryFolder(), {
      TEMPORAL_ADDRESS: 'cloud.example:7233',
      TEMPORAL_NAMESPACE: 'team.prod',
      TEMPORAL_API_KEY: 'key',
      TEMPORAL_GRPC_META_TEAM: 'blue',
    })
    expect(configuredTemporal({}, env)).toEqual({
      address: 'cloud.example:7233',
      namespace: 'team.prod',
      connection: { apiKey: 'key', tls: true, metadata: { team: 'blue' } },
      detail: 'TEMPORAL_ADDRESS',
    })
  })

  it('takes the address of a profile', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'temporal.toml')
    writeFileSync(file, '[profile.staging]\naddress = "staging:7233"\nnamespace = "stage"\n')
    const env = bareEnv(folder, { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'staging' })
    expect(configuredTemporal({}, env)).toEqual({
      address: 'staging:7233',
      namespace: 'stage',
      connection: {},
      detail: 'profile staging of temporal.toml',
    })
  })

  it('lets options go before both', () => {
    const env = bareEnv(temporaryFolder(), { TEMPORAL_ADDRESS: 'a:1', TEMPORAL_NAMESPACE: 'n' })
    expect(configuredTemporal({ address: 'b:2', namespace: 'm' }, env)).toMatchObject({
      address: 'b:2',
      namespace: 'm',
      detail: 'option',
    })
  })

  it('does not take an empty variable for an address', () => {
    expect(configuredTemporal({}, bareEnv(temporaryFolder(), { TEMPORAL_ADDRESS: '' })).address).toBeUndefined()
  })

  it('fails for a profile that does not exist, instead of starting something else', () => {
    const env = bareEnv(temporaryFolder(), { TEMPORAL_PROFILE: 'missing' })
    expect(() => configuredTemporal({}, env)).toThrow(/missing/)
  })
})

/** The Temporal server that is configured, by the one convention of all Temporal tools. */
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { TemporalConnection } from './temporal-server.js'

export interface ConfiguredTemporal {
  /** Undefined when nothing names one: then a server is found or made. */
  readonly address: string | undefined
  readonly namespace: string
  readonly connection: TemporalConnection
  /** Where the address comes from, for the banner. */
  readonly detail: string
}

const DEFAULT_NAMESPACE = 'default'

/**
 * @param explicit go before everything; TLS, API key and metadata always come from the environment or its profile
 * @throws Error when a profile is named that does not exist, or its file cannot be read
 */
export function configuredTemporal(
  explicit: { readonly address?: string | undefined; readonly namespace?: string | undefined },
  env: NodeJS.ProcessEnv,
): ConfiguredTemporal {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars })
  const { tls, apiKey, metadata } = connectionOptions
  const address = nonEmpty(explicit.address) ?? nonEmpty(connectionOptions.address)
  return {
    address,
    namespace: nonEmpty(explicit.namespace) ?? nonEmpty(namespace) ?? DEFAULT_NAMESPACE,
    connection: {
      ...(tls !== undefined && tls !== null && { tls }),
      ...(apiKey !== undefined && { apiKey }),
      ...(metadata !== undefined && { metadata }),
    },
    detail: nameSource(explicit.address, env),
  }
}

function nameSource(explicitAddress: string | undefined, env: NodeJS.ProcessEnv): string {
  if (nonEmpty(explicitAddress) !== undefined) return 'option'
  if (nonEmpty(env.TEMPORAL_ADDRESS) !== undefined) return 'TEMPORAL_ADDRESS'
  return `profile ${nonEmpty(env.TEMPORAL_PROFILE) ?? 'default'} of temporal.toml`
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value
}

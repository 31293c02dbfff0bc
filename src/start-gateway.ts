/** `startGateway()`: requests answered here, turns executed by workers elsewhere. Loads Temporal only when it is called. */
import type { GatewayProcess, GatewayProcessOptions } from './process/gateway-process.js'
import { DEFAULT_DB, DEFAULT_PORT } from './serve.js'

type Defaulted = 'port' | 'db' | 'logger'

/** Defaults: port 4242, database `.temporal-a2a/a2a.db`, warnings and errors as JSON lines on stderr. */
export type GatewayOptions = Omit<GatewayProcessOptions, Defaulted> & Partial<Pick<GatewayProcessOptions, Defaulted>>

/**
 * @throws AgentDefinitionError agents that contradict each other
 * @throws SecretError the Temporal server is a shared one and no secret was given
 * @throws TemporalNotFoundError no Temporal server could be found, downloaded or built; the message says what to do
 * @throws TypeError a limit or a setting that is none; the message names it
 */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const [{ startGatewayProcess }, { createLogger }] = await Promise.all([
    import('./process/gateway-process.js'),
    import('./observe/logger.js'),
  ])
  return startGatewayProcess({
    ...options,
    port: options.port ?? DEFAULT_PORT,
    db: options.db ?? DEFAULT_DB,
    logger: options.logger ?? createLogger('warn'),
  })
}

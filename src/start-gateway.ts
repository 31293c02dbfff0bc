/** `startGateway()`: requests answered here, turns executed by workers elsewhere. Loads Temporal only when it is called. */
import type { GatewayProcess, GatewayProcessOptions } from './process/gateway-process.js'

export type GatewayOptions = GatewayProcessOptions

/**
 * @throws AgentDefinitionError agents that contradict each other
 * @throws SecretError the Temporal server is a shared one and no secret was given
 * @throws TemporalNotFoundError no Temporal server could be found, downloaded or built; the message says what to do
 */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const { startGatewayProcess } = await import('./process/gateway-process.js')
  return startGatewayProcess(options)
}

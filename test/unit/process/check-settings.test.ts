/** Settings are looked at before anything is started. */
import { describe, expect, it } from 'vitest'
import { agent } from '../../../src/agent/agent-definition.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { checkSettings } from '../../../src/process/check-settings.js'
import { startGatewayProcess } from '../../../src/process/gateway-process.js'
import { startOneProcess } from '../../../src/worker/one-process.js'
import { startWorkerProcess } from '../../../src/worker/worker-process.js'

const agents = [agent({ id: 'echo' }, (message) => message.text)]
// Nothing could be started there.
const parts = { agents, logger: silentLogger, db: '/dev/null/a2a.db', temporalAddress: '127.0.0.1:1', port: 0 }

describe('settings', () => {
  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('keepTasksDays is not %j', (keepTasksDays) => {
    expect(() => checkSettings({ keepTasksDays })).toThrow('keepTasksDays must be at least 1')
  })

  it('are looked at first, by every process', async () => {
    const webhooks = { keepLogDays: -1, retryPace: -1 }
    await expect(startOneProcess({ ...parts, keepTasksDays: 0 })).rejects.toThrow(/^keepTasksDays/)
    await expect(startOneProcess({ ...parts, engine: 'memory', webhooks })).rejects.toThrow(/^webhooks\.keepLogDays/)
    await expect(startGatewayProcess({ ...parts, limits: { drainMs: -1 } })).rejects.toThrow(/^limits\.drainMs/)
    await expect(startWorkerProcess({ ...parts, webhooks: { retryPace: 0 } })).rejects.toThrow(/^webhooks\.retryPace/)
  })
})

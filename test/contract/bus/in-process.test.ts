import { InProcessBus } from '../../../src/bus/in-process-bus.js'
import { busContract } from './contract.js'

busContract('the bus in a process', async () => {
  const bus = new InProcessBus()
  return { here: bus, there: bus, stop: () => bus.close() }
})

/** The example agents together, as `npm start` serves them. */

export { default as booking } from './booking/agent.ts'
export { default as echo } from './echo/agent.ts'
export { default as writer } from './writer/agent.ts'

/** The one file that is bundled for the sandbox. */
export { a2aPush } from './push-workflow.js'
export { a2aState } from './state-workflow.js'
export { a2aTask } from './task-workflow.js'

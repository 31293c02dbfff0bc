/** The workflow code as Temporal's sandbox takes it: built with the package, or made at start when that one does not fit. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker'

/** Beside `dist/src`, written by the build. */
const BUNDLE = new URL('../../workflow-bundle.js', import.meta.url)
const STAMP = new URL('../../workflow-bundle.json', import.meta.url)
/** `index.ts` when the sources run as they are. */
const WORKFLOWS = new URL(
  `../temporal/workflow/index${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
)

/** The worker version that a bundle is good for: it must be the very same. */
export function workerVersion(): string {
  const require = createRequire(import.meta.url)
  return (require('@temporalio/worker/package.json') as { version: string }).version
}

export async function loadWorkflowBundle(): Promise<WorkflowBundleOption> {
  const stamp = await readFile(STAMP, 'utf8').catch(() => undefined)
  if (stamp !== undefined && (JSON.parse(stamp) as { worker?: string }).worker === workerVersion()) {
    return { codePath: fileURLToPath(BUNDLE) }
  }
  return bundleWorkflows()
}

/** Takes about a second. */
export function bundleWorkflows(): ReturnType<typeof bundleWorkflowCode> {
  return bundleWorkflowCode({ workflowsPath: fileURLToPath(WORKFLOWS), logger: new DefaultLogger('ERROR') })
}

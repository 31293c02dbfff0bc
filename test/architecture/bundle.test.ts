/** What runs in Temporal's sandbox: nothing but the state machine. */
import { describe, expect, it } from 'vitest'
import { bundleWorkflows } from '../../src/worker/workflow-bundle.js'

describe('the workflow bundle', () => {
  it('holds only modules that are deterministic, and no generated code', async () => {
    const { code } = await bundleWorkflows()
    const ours = [...code.matchAll(/"\.\/((?:src|gen)\/[^"?]+?\.ts)"/g)].map(([, path]) => path)
    const modules = [...new Set(ours)].sort()
    expect(modules).toEqual([
      'src/a2a/cursor.ts',
      'src/a2a/errors.ts',
      'src/a2a/ids.ts',
      'src/a2a/json-limits.ts',
      'src/a2a/state.ts',
      'src/internal/utf8-bytes.ts',
      'src/push/due-delivery.ts',
      'src/task/journal-entry.ts',
      'src/task/large-records.ts',
      'src/task/large-values.ts',
      'src/task/may-continue.ts',
      'src/task/reduce.ts',
      'src/task/stand-ins.ts',
      'src/task/state-record.ts',
      'src/task/suspension.ts',
      'src/task/task-record.ts',
      'src/task/turn-input.ts',
      'src/task/turn-outcome.ts',
      'src/task/weight.ts',
      'src/temporal/names.ts',
      'src/temporal/workflow/check-update.ts',
      'src/temporal/workflow/index.ts',
      'src/temporal/workflow/push-workflow.ts',
      'src/temporal/workflow/state-workflow.ts',
      'src/temporal/workflow/task-workflow.ts',
    ])
    expect(code).not.toContain('@bufbuild/protobuf')
  })
})

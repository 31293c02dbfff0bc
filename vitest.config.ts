import { transform } from 'esbuild'
import { defineConfig, type Plugin } from 'vitest/config'

/** Vitest strips types and leaves standard decorators as they are, which no Node runs yet. */
const decorators: Plugin = {
  name: 'decorators',
  enforce: 'pre',
  async transform(code, file) {
    if (!file.endsWith('.ts') || !/^\s*@[a-z]\w*\(/m.test(code)) return undefined
    const compiled = await transform(code, { loader: 'ts', target: 'es2022', sourcemap: true, sourcefile: file })
    return { code: compiled.code, map: compiled.map }
  },
}

export default defineConfig({
  plugins: [decorators],
  resolve: {
    alias: [
      { find: /^temporal-a2a$/, replacement: new URL('./src/index.ts', import.meta.url).pathname },
      { find: /^temporal-a2a\/(\w+)$/, replacement: new URL('./src/$1/index.ts', import.meta.url).pathname },
      { find: '#failpoints', replacement: new URL('./src/internal/fail-points.ts', import.meta.url).pathname },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/temporal-setup.ts', 'test/support/postgres-setup.ts'],
    setupFiles: ['test/support/cells-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Counted is what runs in the tests' own processes. The command line and the workflow run in others and in a sandbox:
    // they count as not covered, though tests run them. test/hostile runs without: it measures work, and counting is work.
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary'],
      reportOnFailure: true,
      thresholds: { lines: 85 },
    },
  },
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    alias: {
      'temporal-a2a': new URL('./src/index.ts', import.meta.url).pathname,
      '#failpoints': new URL('./src/internal/fail-points.ts', import.meta.url).pathname,
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/temporal-setup.ts', 'test/support/postgres-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})

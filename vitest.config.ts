import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers, files and processes: a test may take long, but none waits to be right.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Much of the time is spent in other processes, and waiting for them.
    maxWorkers: '100%',
  },
})

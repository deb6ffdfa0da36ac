import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers, files and processes: a test may take long on a busy machine, but none waits to be right.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
    // Much of the time is spent in other processes, and waiting for them.
    maxWorkers: '100%',
  },
})

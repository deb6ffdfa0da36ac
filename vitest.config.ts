import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/built-once.ts'],
    // Real servers, files and processes: a test may take long on a busy machine, but none waits to be right.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
    // No test leaves anything behind in its process, and each file loads most of the sources.
    isolate: false,
    // Much of the time is spent in other processes, and waiting for them.
    maxWorkers: '100%',
  },
})

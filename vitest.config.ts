import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'lab/**/*.test.ts'],
    // Isolation costs about 0.3 s a worker on two cores, so tests share workers and keep no module state.
    isolate: false,
    pool: 'threads',
    reporters: ['default', './tools/count-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

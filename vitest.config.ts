import { defineConfig } from 'vitest/config'

/**
 * One project for each kind of test; `vitest run --project unit` runs one alone. Deadlines are for
 * noisy machines: no test waits for one when all is well.
 */
const slow = { testTimeout: 60_000, hookTimeout: 120_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...slow } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...slow } },
      // Each of these kills daemons or fills disks: one file at a time.
      {
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          ...slow,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          ...slow,
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
      // Run by tests of other projects inside the machine that these make; never by themselves.
      {
        test: {
          name: 'inside',
          include: ['test/inside/**/*.test.ts'],
          ...slow,
          // What a user has running counts against limits of processes.
          fileParallelism: false,
        },
      },
    ],
    maxWorkers: 2,
    passWithNoTests: true,
  },
})

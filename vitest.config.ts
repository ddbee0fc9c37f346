// All packages' tests, run on source (no build needed) through the `potstill-source` export condition.
// Two projects: `unit`, and `e2e` for whole runs, packed packages and programs in processes of their own.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const e2e = [
  'test/*.test.ts',
  'test/faults/**/*.test.ts',
  'core/distill/test/run/**/*.test.ts',
  'core/distill/test/cli/run.test.ts',
];

export default defineConfig({
  resolve: { conditions: ['potstill-source'] },
  ssr: { resolve: { conditions: ['potstill-source'], externalConditions: ['potstill-source'] } },
  test: {
    pool: 'forks',
    // Tests keep nothing among the user's caches, and processes that they start report nothing.
    env: { POTSTILL_CACHE: '', ORT_DISABLE_TELEMETRY: '1' },
    setupFiles: [fileURLToPath(new URL('test/support/fast-check.ts', import.meta.url))],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['core/*/test/**/*.test.ts', 'plugins/*/test/**/*.test.ts', 'test/*/**/*.test.ts'],
          exclude: e2e,
        },
      },
      { extends: true, test: { name: 'e2e', include: e2e } },
    ],
  },
});

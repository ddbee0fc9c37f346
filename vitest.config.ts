// All packages' tests, run on source (no build needed) through the `potstill-source` export condition.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['potstill-source'] },
  ssr: { resolve: { conditions: ['potstill-source'], externalConditions: ['potstill-source'] } },
  test: {
    include: ['core/*/test/**/*.test.ts', 'plugins/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // Tests keep nothing among the user's caches.
    env: { POTSTILL_CACHE: '' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

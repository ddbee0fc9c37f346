// `npm run test:cases -- FOLDER`: runs every case below a folder (default test/cases); see test/cases/README.md. Further arguments go to vitest.
import { join, resolve } from 'node:path';
import { root, runNode, setup } from './setup.mjs';

const [folder = join(root, 'test/cases'), ...words] = process.argv.slice(2);
setup();
process.exitCode = runNode(
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/cases.test.ts', ...words],
  {
    POTSTILL_CASES: resolve(folder),
  },
);

// Writes docs/kernels.md. `npm run kernels` runs the tests of kernels first, which write down what they visit; with `--page` it does not.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { kernelsPage } from './kernels-page.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
if (!process.argv.includes('--page')) {
  const folders = ['core/engine/test/kernels', 'core/engine/test/gradients'];
  // The test of the page itself has nothing to compare with yet.
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', ...folders, '--exclude', '**/table.test.ts'],
    { cwd: root, stdio: 'inherit', env: { ...process.env, POTSTILL_VISITS: 'write' } },
  );
  if (status !== 0) process.exit(status ?? 1);
}
const file = fileURLToPath(new URL('../../../docs/kernels.md', import.meta.url));
await writeFile(file, await kernelsPage(file));

// `npm test`: sets the checkout up and runs every test; arguments go to vitest.
import { join } from 'node:path';
import { root, runNode, setup } from './setup.mjs';

setup();
process.exitCode = runNode([join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]);

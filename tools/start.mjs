// `npm start`: sets the checkout up and runs the main job, recipes/vision/mnist-quick.yaml; arguments go to `potstill run`.
import { join } from 'node:path';
import { root, runNode, setup } from './setup.mjs';

setup();
process.exitCode = runNode([
  join(root, 'core/distill/dist/cli/main.js'),
  'run',
  join('recipes', 'vision', 'mnist-quick.yaml'),
  ...process.argv.slice(2),
]);

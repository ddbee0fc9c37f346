// `npm run setup:tfjs-node`: makes @tensorflow/tfjs-node work in this checkout, for the engine's `tensorflow` backend.
// `--again` does it although it works already.
import { setup } from './setup.mjs';
import { Missing, tail } from './tfjs-node/command.mjs';
import { byInstaller } from './tfjs-node/installer.mjs';
import { installed, tryOut } from './tfjs-node/package.mjs';
import { byWheel } from './tfjs-node/wheel.mjs';

const started = Date.now();
const say = (text) => console.error(`[${((Date.now() - started) / 1000).toFixed(0).padStart(3)} s] ${text}`);

async function main() {
  // First, or the next `npm test` would install anew and take the binding away.
  setup({ build: false });
  const found = installed();
  if (Number.parseInt(process.versions.node, 10) > 22)
    throw new Missing(
      `tfjs-node ${found.manifest.version} does not run on Node ${process.versions.node}`,
      'Use Node 20 or 22: it calls functions that Node 23 removed.',
    );
  let state = process.argv.includes('--again') ? { ok: false } : tryOut();
  if (state.ok) return `is ready (TensorFlow ${state.stdout})`;
  const wheelFits = process.platform === 'linux' && process.arch === 'x64';
  if (await byInstaller(found.folder, say)) {
    state = tryOut();
    if (!state.ok) say(`What it installed does not work:\n${tail(state.output)}`);
  }
  if (!state.ok) {
    if (!wheelFits)
      throw new Missing(
        'its own installer did not set tfjs-node up, and there is no other way on this platform',
        `Only Linux on x86-64 has another (${process.platform} on ${process.arch} is here). See the README of @tensorflow/tfjs-node.`,
      );
    byWheel(found, say);
    state = tryOut();
  }
  return `is set up (TensorFlow ${state.stdout})`;
}

try {
  say(`@tensorflow/tfjs-node ${await main()}`);
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.error(`setup:tfjs-node: ${error.message}\n${error.help}`);
  process.exitCode = 1;
}

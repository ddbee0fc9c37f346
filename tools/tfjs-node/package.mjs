// Where @tensorflow/tfjs-node is in this checkout, and whether it works.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { root } from '../setup.mjs';
import { Missing, run } from './command.mjs';

const require = createRequire(import.meta.url);

/** Folder and manifest of the installed package. */
export function installed() {
  try {
    const manifest = require.resolve('@tensorflow/tfjs-node/package.json');
    return { folder: dirname(manifest), manifest: JSON.parse(readFileSync(manifest, 'utf8')) };
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Missing('@tensorflow/tfjs-node is not installed', 'Run `npm ci` first.');
  }
}

/** The binding's version of Node's C interface: the newest that both this Node and the package know. */
export function bindingVersion({ binary }) {
  return Math.max(
    ...binary.napi_versions.filter((version) => version <= Number.parseInt(process.versions.napi, 10)),
  );
}

/** Multiplies two matrices; in a process of its own, which a library that does not fit may take down. */
const product = `
  const tf = require('@tensorflow/tfjs-node');
  const values = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]])).dataSync();
  if (tf.getBackend() !== 'tensorflow') throw new Error('TF.js chose the backend ' + tf.getBackend());
  if (values.join() !== '19,22,43,50') throw new Error('a product came out as ' + values.join());
  console.log(tf.backend().binding.TF_Version);
`;

/** Loads the package and computes with it: `stdout` is TensorFlow's version, `output` has what went wrong. */
export function tryOut() {
  return run(process.execPath, ['-e', product], {
    cwd: root,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
}

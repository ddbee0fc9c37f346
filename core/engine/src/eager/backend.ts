// Loads the TF.js backends that run eagerly.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { onBackend } from '../tfjs.js';
import { withGradients } from '../kernels/gradients/install.js';
import { withCorrections } from './corrections/index.js';

/** Not a literal: the package is optional, and its types need not be there to compile this. */
const tfjsNode = ['@tensorflow', 'tfjs-node'].join('/');

/** Makes `cpu` or `tensorflow` ready and gives its TF.js name. `load` imports @tensorflow/tfjs-node; tests put another. */
export async function eagerBackend(
  name: 'cpu' | 'tensorflow',
  load: () => Promise<unknown> = () => import(tfjsNode),
): Promise<string> {
  const before = tf.getBackend();
  try {
    if (name === 'tensorflow') await load();
    if (!(await tf.setBackend(name))) throw new Error(`the TF.js backend \`${name}\` did not start`);
    // Where TensorFlow's library or this version of Node does not suit tfjs-node, its operations are the first to say so.
    tf.tidy(() => tf.matMul([[2]], [[3]]).dataSync());
  } catch (cause) {
    if (name === 'tensorflow') throw missing(cause);
    throw cause;
  } finally {
    // tfjs-node makes itself the default when it is loaded; that is for the caller to decide.
    if (before && before !== tf.getBackend()) await tf.setBackend(before);
  }
  return name;
}

/** Runs `body` on an eager backend, with the engine's gradients and corrected kernels. */
export function onEager<T>(backend: string, body: () => T): T {
  return onBackend(backend, () => withCorrections(backend, () => withGradients(body)));
}

function missing(cause: unknown): EngineError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const absent = said.includes(`'${tfjsNode}'`);
  return new EngineError(
    'ENGINE_BACKEND_MISSING',
    `the \`tensorflow\` backend needs @tensorflow/tfjs-node, which could not be loaded: ${firstLine(said)}`,
    {
      hint: absent
        ? 'Run `npm install @tensorflow/tfjs-node` (it downloads libtensorflow; Node 23 and later are unsupported), or use the `onnx` backend.'
        : 'It is installed but does not work: its install script did not run or could not download libtensorflow, or Node is newer than 22, which is unsupported. Run `npm rebuild @tensorflow/tfjs-node --ignore-scripts=false` to try again, or use the `onnx` backend.',
      cause,
    },
  );
}

/** Without the file of ours that the package was asked for in. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] as string).replace(/ imported from .*/, '').trimEnd();
}

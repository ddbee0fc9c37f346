// Loads the TF.js backends that run eagerly.
import * as tf from '@tensorflow/tfjs';
import { EngineError } from '../errors.js';
import { correctKernels } from './corrections/index.js';

/** Not a literal: the package is optional, and its types need not be there to compile this. */
const tfjsNode = ['@tensorflow', 'tfjs-node'].join('/');

/** Makes `cpu` or `tensorflow` ready and gives its TF.js name. `load` imports @tensorflow/tfjs-node; tests put another. */
export async function eagerBackend(
  name: 'cpu' | 'tensorflow',
  load: () => Promise<unknown> = () => import(tfjsNode),
): Promise<string> {
  const before = tf.getBackend();
  if (name === 'tensorflow')
    try {
      await load();
    } catch (cause) {
      throw new EngineError(
        'ENGINE_BACKEND_MISSING',
        `the \`tensorflow\` backend needs @tensorflow/tfjs-node, which could not be loaded: ${cause instanceof Error ? firstLine(cause.message) : String(cause)}`,
        {
          hint: 'Run `npm install @tensorflow/tfjs-node` (it downloads libtensorflow; Node 23 and later are unsupported), or use the `onnx` backend.',
          cause,
        },
      );
    }
  if (!(await tf.setBackend(name)))
    throw new EngineError('ENGINE_BACKEND_MISSING', `the TF.js backend \`${name}\` did not start`);
  // tfjs-node makes itself the default when it is loaded; that is for the caller to decide.
  if (before && before !== name) await tf.setBackend(before);
  correctKernels(name);
  return name;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] as string;
}

// A student's weights as host tensors, in and out of its TF.js variables.
import type { DType, HostTensor, HostTensors } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Student } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { readWeights } from '../train/checkpoint.js';

/** A copy of all weights as they are. */
export function weightsOf(student: Student): HostTensors {
  return Object.fromEntries(
    student.variables.map(({ name, variable }) => [
      name,
      hostTensor(variable.dtype as DType, [...variable.shape], variable.dataSync() as ArrayLike<number>),
    ]),
  );
}

const weightsHint = 'Remove the file and use --resume: the stage it belongs to runs again.';

/** Weights of this run whose identity begins so, as that of each try of a stage does: others are `RUN_OTHER_RECIPE`. */
export async function readOwnWeights(path: string, identity: string): Promise<HostTensors> {
  const { variables, metadata, sealed } = await readWeights(path, weightsHint);
  if (!sealed || metadata['potstill.identity']?.startsWith(identity)) return variables;
  throw new PotstillError({
    code: 'RUN_OTHER_RECIPE',
    message: `${path} was written by another recipe, seed or data`,
    hint: weightsHint,
    location: { file: path },
  });
}

/** Puts weights into the student. Another name or shape is `RUN_CHECKPOINT_DAMAGED`, naming `from`. */
export function loadWeights(student: Student, weights: HostTensors, from: string): void {
  const unknown = Object.keys(weights).filter(
    (name) => !student.variables.some((variable) => variable.name === name),
  );
  if (unknown.length > 0) throw unfit(from, `the student has no variable \`${unknown.join('`, `')}\``);
  for (const { name, variable } of student.variables) {
    const tensor = weights[name];
    if (!tensor) throw unfit(from, `the variable \`${name}\` is not in it`);
    if (tensor.dtype !== variable.dtype || tensor.shape.join() !== variable.shape.join())
      throw unfit(
        from,
        `\`${name}\` is ${tensor.dtype} [${tensor.shape.join(', ')}] in it and ${variable.dtype} [${variable.shape.join(', ')}] in the student`,
      );
    // A copy: TF.js's cpu backend keeps the array it is given.
    tf.tidy(() => variable.assign(tf.tensor(tensor.data.slice(), [...tensor.shape], tensor.dtype)));
  }
}

function unfit(from: string, why: string): PotstillError {
  return new PotstillError({
    code: 'RUN_CHECKPOINT_DAMAGED',
    message: `the weights of ${from} do not fit the student: ${why}`,
    hint: 'Use the recipe and the version of potstill that the run was made with.',
    location: { file: from },
  });
}

function hostTensor(dtype: DType, shape: readonly number[], values: ArrayLike<number>): HostTensor {
  if (dtype === 'float32') return { dtype, shape, data: Float32Array.from(values) };
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from(values) };
  return { dtype, shape, data: Uint8Array.from(values) };
}

// A student's weights as host tensors, in and out of its TF.js variables.
import type { DType, HostTensor, HostTensors } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { GraphTeacher, Student } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { readWeights, readWeightsIfThere, type ReadWeights } from '../train/checkpoint.js';
import { taughtVariables } from '../train/learners.js';

/** A copy of the weights of a teacher that changes in training, by the names of its checkpoints. */
export function taughtOf(graph: GraphTeacher | undefined): HostTensors {
  return graph && !graph.fixed ? weightsOf({ variables: taughtVariables(graph) }) : {};
}

/** Puts such weights back. */
export function loadTaught(graph: GraphTeacher | undefined, weights: HostTensors, from: string): void {
  if (graph && !graph.fixed) loadWeights({ variables: taughtVariables(graph) }, weights, from);
}

/** A copy of all weights as they are. */
export function weightsOf(student: Pick<Student, 'variables'>): HostTensors {
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
  return ownOf(await readWeights(path, weightsHint), path, identity);
}

/** The same; undefined where there is no such file. */
export async function readOwnWeightsIfThere(
  path: string,
  identity: string,
): Promise<HostTensors | undefined> {
  const read = await readWeightsIfThere(path, weightsHint);
  return read && ownOf(read, path, identity);
}

function ownOf({ variables, metadata, sealed }: ReadWeights, path: string, identity: string): HostTensors {
  if (!sealed || metadata['potstill.identity']?.startsWith(identity)) return variables;
  throw new PotstillError({
    code: 'RUN_OTHER_RECIPE',
    message: `${path} was written by another recipe, seed or data`,
    hint: weightsHint,
    location: { file: path },
  });
}

/** Puts weights into the student. Another name or shape is `RUN_CHECKPOINT_DAMAGED`, naming `from`. */
export function loadWeights(student: Pick<Student, 'variables'>, weights: HostTensors, from: string): void {
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

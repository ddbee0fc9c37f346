// Singular vectors of layers, and how they change from one layer to the next (Lee, Kim & Song 2018).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { unit } from '../parts/relation-matrix.js';
import { stopGradient } from '@potstill/engine';

/** A matrix to the power 2^squarings leaves its first singular vector alone, where the second value is below 0.97 of the first. */
const squarings = 8;

/** So many more of the student's vectors are looked at than of the teacher's. */
const extra = 3;

/** The largest `count` right singular vectors of [batch, rows, columns]: [batch, columns, count], each of length 1, its largest number positive. */
function rightVectors(matrix: tf.Tensor, count: number): { vectors: tf.Tensor; values: tf.Tensor } {
  let rest = tf.matMul(matrix, matrix, true, false);
  const found = Array.from({ length: count }, () => {
    const scale = (x: tf.Tensor) =>
      tf.div(x, tf.maximum(tf.sqrt(tf.maximum(tf.sum(tf.square(x), [1, 2], true), 1e-24)), 1e-12));
    let power = scale(rest);
    for (let k = 0; k < squarings; k++) power = scale(tf.matMul(power, power));
    const lengths = stopGradient(tf.sum(tf.square(power), 1, true));
    const largest = tf.cast(tf.equal(lengths, tf.max(lengths, -1, true)), 'float32');
    const vector = unit(tf.matMul(largest, power));
    const value = tf.matMul(tf.matMul(vector, rest), vector, false, true);
    rest = tf.sub(rest, tf.mul(tf.matMul(vector, vector, true, false), value));
    return { vector, value };
  });
  const join = (parts: tf.Tensor[]) => tf.transpose(tf.concat(parts, 1), [0, 2, 1]);
  const squares = join(found.map(({ value }) => value));
  return {
    vectors: join(found.map(({ vector }) => vector)),
    values: unit(tf.sqrt(tf.maximum(squares, 1e-24))),
  };
}

/** For each of the teacher's vectors that of the student which is most like it, with its sign. */
function aligned(student: tf.Tensor, teacher: tf.Tensor): tf.Tensor {
  const cosine = stopGradient(tf.matMul(student, teacher, true, false));
  const size = tf.abs(cosine);
  const choice = tf.mul(tf.sign(cosine), tf.cast(tf.equal(size, tf.max(size, 1, true)), 'float32'));
  return tf.matMul(student, choice);
}

/** exp(-(a_i - b_j)^2 / 8) of each pair of numbers of vectors of two layers: [batch, channels, others, count]. */
function flow(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.exp(tf.div(tf.square(tf.sub(tf.expandDims(a, 2), tf.expandDims(b, 1))), -8));
}

export const singularVectors: AnyComponent = layerPairLoss('singular-vectors', {
  help: 'Differences between singular vectors of consecutive layers, as a Gaussian sees them (KD-SVD, Lee et al. 2018).',
  method: {
    paper:
      'Lee, Kim & Song 2018: Self-supervised Knowledge Distillation Using Singular Value Decomposition, section 3',
    url: 'https://arxiv.org/abs/1807.06819',
    formula:
      'sum((K(z1, z2) - K(v1, v2))^2), mean over the batch; K(a, b) = exp(-(a_i - b_j)^2 / 8) of the first right singular vectors of [positions, channels]',
    family: 'features',
    student: ['feature map', 'hidden states'],
    teacher: ['feature map', 'hidden states'],
    aliases: { papers: ['KD-SVD'], mdistiller: ['KDSVD'] },
    example: { use: 'singular-vectors', layers: 'stage.{2,3} -> stage.{2,3}' },
    note: 'Matrices are [positions, channels], as the authors’ code has them on channels-last maps; mdistiller takes the same axes of maps that are channels first, so that its rows are channels and heights. Vectors come from powers of the Gram matrix: two values that nearly agree give a mixture of theirs. Their sign, which a decomposition leaves open and which the loss sees, is such that the teacher’s largest number is positive. mdistiller takes terms that are not finite for 0; here they are not hidden.',
  },
  forms: ['a feature map [h, w, channels]', 'hidden states [length, channels]'],
  options: { count: z.int().positive().default(1).describe('k: singular vectors of a layer.') },
  connector: 'auto',
  together:
    ({ count }) =>
    (layers) => {
      const rows = (x: tf.Tensor) => tf.reshape(x, [x.shape[0] ?? 1, -1, x.shape.at(-1) as number]);
      const pairs = layers.map(({ student, teacher }) => {
        const channels = teacher.shape.at(-1) as number;
        const theirs = rightVectors(rows(teacher), Math.min(count, channels));
        const mine = rightVectors(rows(student), Math.min(count + extra, channels)).vectors;
        const weights = tf.transpose(theirs.values, [0, 2, 1]);
        return {
          student: tf.mul(aligned(mine, theirs.vectors), weights),
          teacher: tf.mul(theirs.vectors, weights),
        };
      });
      const terms = pairs.slice(1).map((next, k) => {
        const last = pairs[k] ?? next;
        const squares = tf.squaredDifference(
          flow(next.student, last.student),
          flow(next.teacher, last.teacher),
        );
        return tf.div<tf.Scalar>(tf.sum(squares), next.student.shape[0] ?? 1);
      });
      return tf.addN(terms);
    },
});

// Knowledge review: each layer of the teacher is compared with the student's layer and all deeper ones (Chen et al. 2021, section 3).
import * as tf from '@tensorflow/tfjs-core';
import type { StepContext } from '@potstill/engine';
import type { AnyComponent } from '../../contracts/index.js';
import { batchNorm } from '../../students/batch-norm.js';
import { initializers } from '../../students/init.js';
import { conv3x3 } from '../../students/parts.js';
import { linear, sequence } from '../parts/connector.js';
import { layerPairLoss, type PairContext } from '../parts/layer-pair.js';
import { channelsOf } from '../parts/layer-shape.js';
import { resizeMap } from '../parts/resize.js';

const name = 'knowledge-review';
const init = initializers['lecun-uniform'];

/** Channels between the two convolutions of a fusion are at most so many. */
const widest = 512;

/**
 * Mean square of the difference of two maps of one size, and of both average-pooled to 4, 2 and 1 (where that is smaller), with
 * weights 1, 1/2, 1/4, 1/8 over their sum: the paper's hierarchical context loss.
 */
function hierarchicalContext(z: tf.Tensor, v: tf.Tensor): tf.Scalar {
  const error = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => tf.mean(tf.squaredDifference(a, b));
  const levels = [4, 2, 1].filter((side) => side < (z.shape[1] ?? 1));
  const terms = levels.map((side, k) => {
    const pool = (x: tf.Tensor) => resizeMap(x, [side, side], 'average');
    return tf.mul<tf.Scalar>(error(pool(z), pool(v)), 0.5 ** (k + 1));
  });
  return tf.div(tf.addN<tf.Scalar>([error(z, v), ...terms]), 2 - 0.5 ** levels.length);
}

/** A vector is a map of one position. */
const asMap = (x: tf.Tensor) => (x.shape.length === 4 ? x : tf.expandDims(tf.expandDims(x, 1), 1));
const sizeOf = ({ shape: [, h = 1, w = 1] }: tf.Tensor) => [h, w] as const;

/**
 * Attention-based fusion: the student's layer and what the deeper ones gave, to the teacher's size and channels. `deeper` is
 * undefined for the deepest.
 */
function fusion(
  { name: prefix, student, teacher, variables }: PairContext,
  middle: number,
  deepest: boolean,
) {
  const first = sequence(
    linear(variables, `${prefix}.first`, channelsOf(name, 'student', student), middle, { bias: false, init }),
    batchNorm(variables, `${prefix}.first.norm`, middle),
  );
  const to = channelsOf(name, 'teacher', teacher);
  const second = conv3x3(variables, `${prefix}.second`, { from: middle, to, norm: 'batch', init });
  const attention = deepest ? undefined : linear(variables, `${prefix}.attention`, 2 * middle, 2);
  return (x: tf.Tensor, deeper: tf.Tensor | undefined, size: readonly [number, number], at: StepContext) => {
    let own = first(asMap(x), at);
    if (attention && deeper) {
      const larger = resizeMap(deeper, sizeOf(own), 'nearest');
      const [a, b] = tf.split(tf.sigmoid(attention(tf.concat([own, larger], -1), at)), 2, -1);
      own = tf.add(tf.mul(own, a as tf.Tensor), tf.mul(larger, b as tf.Tensor));
    }
    const kept = resizeMap(own, size, 'nearest');
    return { compared: second(kept, at), kept };
  };
}

export const knowledgeReview: AnyComponent = layerPairLoss(name, {
  help: 'Layers of the teacher beside the student’s, each fused with its deeper ones (ReviewKD, Chen et al. 2021).',
  method: {
    paper: 'Chen, Liu, Zhao & Jia 2021: Distilling Knowledge via Knowledge Review, section 3',
    url: 'https://arxiv.org/abs/2104.09044',
    formula:
      'sum over layers of h(f(z, deeper), v), f a fusion by attention, h the mean square at several sizes',
    family: 'features',
    student: ['feature map', 'embedding'],
    teacher: ['feature map', 'embedding'],
    aliases: {
      papers: ['ReviewKD'],
      torchdistill: ['HierarchicalContextLoss'],
      mdistiller: ['ReviewKD'],
    },
    example: { use: name, layers: ['stage.{1,2,3} -> stage.{1,2,3}', 'features -> features'] },
    note: 'Pairs stand from the first layer to the deepest; the last may be the pooled features. mdistiller lets the weight grow from 0 over 20 epochs: give the weight that schedule.',
  },
  forms: ['a feature map [h, w, channels]', 'a vector [channels]'],
  options: {},
  together(_options, pairs) {
    const last = pairs.length - 1;
    const middle = Math.min(widest, channelsOf(name, 'student', (pairs[last] as PairContext).student));
    const fusions = pairs.map((pair, k) => fusion(pair, middle, k === last));
    return (layers) => {
      let deeper: tf.Tensor | undefined;
      const terms = layers
        .map(({ student, teacher, inputs }, k) => ({
          student,
          teacher: asMap(teacher),
          at: inputs.at,
          fuse: fusions[k],
        }))
        .reverse()
        .map(({ student, teacher, at, fuse }) => {
          const made = fuse?.(student, deeper, sizeOf(teacher), at);
          deeper = made?.kept;
          return hierarchicalContext(made?.compared as tf.Tensor, teacher);
        });
      return tf.addN<tf.Scalar>(terms);
    };
  },
});

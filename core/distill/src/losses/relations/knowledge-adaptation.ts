// Knowledge adaptation: feature vectors at each position, normalised, through an adapter (KTA, He et al. 2019).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { lengths } from '../parts/relation-matrix.js';

interface AdaptationOptions {
  /** Order of the norm of the difference. */
  readonly p: 1 | 2;
  /** Order of the norm that vectors are divided by. */
  readonly q: 1 | 2;
}

/** Norm of order 1 or 2 of the last axis, kept. */
function norm(x: tf.Tensor, order: 1 | 2): tf.Tensor {
  return order === 2 ? lengths(x) : tf.sum(tf.abs(x), -1, true);
}

/** `|| z / |z|_q - v / |v|_q ||_p` of each vector of the last axis: [batch, ..., channels] to [batch, ...]. */
function adaptation(student: tf.Tensor, teacher: tf.Tensor, { p, q }: AdaptationOptions): tf.Tensor {
  const scaled = (x: tf.Tensor) => tf.div(x, tf.maximum(norm(x, q), 1e-12));
  return tf.squeeze(norm(tf.sub(scaled(student), scaled(teacher)), p), [-1]);
}

export const knowledgeAdaptationLoss: AnyComponent = layerPairLoss('knowledge-adaptation', {
  help: 'Normalised vectors of each position, the student’s through an adapter (KTA, He et al. 2019).',
  method: {
    paper: 'He et al. 2019: Knowledge Adaptation for Efficient Semantic Segmentation, knowledge adaptation',
    url: 'https://arxiv.org/abs/1903.04688',
    formula: 'mean over positions || r(z) / |r(z)|_q - v / |v|_q ||_p with an adapter r',
    family: 'relations',
    student: ['feature map', 'embedding'],
    teacher: ['feature map', 'embedding'],
    aliases: { papers: ['KTA'], torchdistill: ['KTALoss'] },
    example: { use: 'knowledge-adaptation', student: 'stage.2', teacher: 'stage.2' },
    note: 'torchdistill’s KTALoss normalises the whole map as one vector and takes the mean over all numbers; the paper’s pairs are those of all positions, each a vector of channels. The paper’s teacher gives the code of an autoencoder that was trained on its features: name that output if there is one; else its features. The adapter is 1x1 with batch norm and ReLU (the paper’s is 3x3).',
  },
  forms: ['a feature map [h, w, channels]', 'a vector [channels]'],
  connector: 'linear-norm-relu',
  resize: ['larger', 'average'],
  masks: true,
  options: {
    p: z
      .union([z.literal(1), z.literal(2)])
      .default(1)
      .describe('Order of the norm of the difference.'),
    q: z
      .union([z.literal(1), z.literal(2)])
      .default(2)
      .describe('Order of the norm that vectors are divided by.'),
  },
  create:
    (options) =>
    ({ student, teacher, mean }) =>
      mean(adaptation(student, teacher, options)),
});

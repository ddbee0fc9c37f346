// Activation boundaries: whether a neuron is on, not how much (Heo et al. 2019, section "Method").
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';

/**
 * `(margin - z)^2` where the teacher's neuron is on (above 0) and `z` is below the margin, `(margin + z)^2` where it is off and
 * `z` is above minus the margin, else 0: element by element. Both before their ReLU.
 */
function boundaryPenalty(z: tf.Tensor, v: tf.Tensor, margin: number): tf.Tensor {
  const signed = tf.where(tf.greater(v, 0), z, tf.neg(z));
  // A comparison forgets NaN: 0 times the teacher keeps it.
  return tf.add(tf.square(tf.relu(tf.sub(margin, signed))), tf.mul(v, 0));
}

export const activationBoundaries: AnyComponent = layerPairLoss('activation-boundaries', {
  help: 'Penalty on neurons that are on where the teacher’s are off, or the reverse (AB, Heo et al. 2019).',
  method: {
    paper:
      'Heo, Lee, Yun & Choi 2019: Knowledge Transfer via Distillation of Activation Boundaries Formed by Hidden Neurons',
    url: 'https://arxiv.org/abs/1811.03233',
    formula: 'sum of relu(m - z)^2 where v > 0 and of relu(m + z)^2 elsewhere, mean over the batch',
    family: 'features',
    student: ['feature map', 'embedding', 'hidden states'],
    teacher: ['feature map', 'embedding', 'hidden states'],
    aliases: { papers: ['AB', 'DAB'], torchdistill: ['AltActTransferLoss'], MMRazor: ['ABLoss'] },
    example: { use: 'activation-boundaries', layers: 'stage.{2,3} -> stage.{2,3}' },
    note: 'The sum over an example’s neurons, as in the paper and torchdistill; MMRazor’s has a factor of 3/1000. Layers before their ReLU are meant. Connector as published: 1x1 convolution with batch norm.',
  },
  forms: ['a feature map [h, w, channels]', 'a vector [channels]', 'hidden states [length, channels]'],
  options: { margin: z.number().positive().default(1).describe('m: how far from 0 the student shall be.') },
  connector: 'linear-norm',
  resize: ['larger', 'average'],
  create:
    ({ margin }) =>
    ({ student, teacher }) =>
      tf.div(tf.sum(boundaryPenalty(student, teacher, margin)), student.shape[0] ?? 1),
});

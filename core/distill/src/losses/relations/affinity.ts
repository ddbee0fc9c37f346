// Affinity: which positions of a feature map are alike (He et al. 2019).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { gram, lengths, unit } from '../parts/relation-matrix.js';

/** Cosines of all pairs of positions, divided by their number: [batch, positions, positions]. */
function affinityOf(map: tf.Tensor): tf.Tensor3D {
  const [batch = 1, height = 1, width = 1, channels = 1] = map.shape;
  const positions = height * width;
  return tf.div<tf.Tensor3D>(gram(unit(tf.reshape(map, [batch, positions, channels]))), positions);
}

/** Sum over the positions of the length of the difference of their rows, mean over the batch. Channels may differ. */
function affinity(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  const difference = tf.sub(affinityOf(student), affinityOf(teacher));
  return tf.div(tf.sum(lengths(difference)), student.shape[0] ?? 1);
}

export const affinityLoss: AnyComponent = layerPairLoss('affinity', {
  help: 'Cosines between the positions of a feature map (He et al. 2019).',
  method: {
    paper:
      'He et al. 2019: Knowledge Adaptation for Efficient Semantic Segmentation, affinity distillation module',
    url: 'https://arxiv.org/abs/1903.04688',
    formula:
      'mean over examples of sum over positions i of || A_v(i) - A_z(i) ||; A(i, j) = cos(x_i, x_j) / positions',
    family: 'relations',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { torchdistill: ['AffinityLoss'] },
    example: { use: 'affinity', student: 'stage.2', teacher: 'stage.2' },
    note: 'torchdistill’s AffinityLoss multiplies the positions of each channel, normalised over the positions, and adds up the channels, for which both sides need as many; here x_i is the vector of all channels at position i, so that A is positions by positions.',
  },
  forms: ['a feature map [h, w, channels]'],
  resize: ['larger', 'average'],
  options: {},
  create:
    () =>
    ({ student, teacher }) =>
      affinity(student, teacher),
});

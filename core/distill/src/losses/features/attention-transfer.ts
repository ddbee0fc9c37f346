// Attention transfer: where in a feature map the activations are large (Zagoruyko & Komodakis 2017, section 3.1).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { lengths, unit } from '../parts/relation-matrix.js';

/**
 * Mean of `|x|^p` over the channels, [batch, h, w, channels] to [batch, h w], each example's at Euclidean length 1. The size of
 * the activations drops out, so that teacher and student may have any number of channels.
 */
function attentionMap(map: tf.Tensor, power: number): tf.Tensor {
  const [batch = 1, h = 1, w = 1] = map.shape;
  const each = power === 2 ? tf.square(map) : tf.pow(tf.abs(map), power);
  return unit(tf.reshape(tf.mean(each, -1), [batch, h * w]));
}

export const attentionTransfer: AnyComponent = layerPairLoss('attention-transfer', {
  help: 'Difference of the maps of activation strength (Zagoruyko & Komodakis 2017).',
  method: {
    paper:
      'Zagoruyko & Komodakis 2017: Paying More Attention to Attention: Improving the Performance of Convolutional Neural Networks via Attention Transfer, section 3.1, equation 2',
    url: 'https://openreview.net/forum?id=Sks9_ajex',
    formula: 'mean((q(z) - q(v))^2) with q(x) = a / |a|, a = sum of |x|^p over the channels at each position',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['AT'], torchdistill: ['ATLoss'], mdistiller: ['AT'], MMRazor: ['ATLoss'] },
    example: { use: 'attention-transfer', layers: 'stage.{1,2,3} -> stage.{1,2,3}' },
    note: 'The paper’s equation has the length of the difference, the authors’ code, mdistiller, MMRazor and torchdistill’s mode `code` its mean square over positions and examples, for which the published weight of 1000 is meant: that is the default. `distance: length` is the equation (torchdistill’s mode `paper`).',
  },
  forms: ['a feature map [h, w, channels]'],
  options: {
    power: z.number().positive().default(2).describe('p: the power of the activations.'),
    distance: z
      .enum(['mean-square', 'length'])
      .default('mean-square')
      .describe('Of the difference of two maps: its mean square over positions, or its length.'),
  },
  resize: ['larger', 'average'],
  create:
    ({ power, distance }) =>
    ({ student, teacher }) => {
      const difference = tf.sub(attentionMap(student, power), attentionMap(teacher, power));
      return distance === 'length' ? tf.mean(lengths(difference)) : tf.mean(tf.square(difference));
    },
});

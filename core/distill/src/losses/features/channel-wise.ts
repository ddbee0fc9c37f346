// Channel-wise distillation: each channel as a distribution over the positions (Shu et al. 2021, section 3.2).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { logSoftmax } from '../parts/softmax.js';

/**
 * `T^2 KL(softmax(v / T) || softmax(z / T))` over the positions of each channel, mean over channels and examples: a scalar of
 * two layers [batch, ..., channels].
 */
function channelDivergence(z: tf.Tensor, v: tf.Tensor, temperature: number): tf.Scalar {
  const channels = (x: tf.Tensor) => {
    const rows = tf.reshape(x, [x.shape[0] ?? 1, -1, x.shape.at(-1) as number]);
    return logSoftmax(tf.div(tf.transpose(rows, [0, 2, 1]), temperature));
  };
  const [q, p] = [channels(z), channels(v)];
  const logRatio = tf.sub(tf.sub(p.shifted, q.shifted), tf.sub(p.logSum, q.logSum));
  return tf.mul(tf.mean(tf.sum(tf.mul(p.probabilities, logRatio), -1)), temperature ** 2);
}

export const channelWise: AnyComponent = layerPairLoss('channel-wise', {
  help: 'KL divergence over the positions of each channel (CWD, Shu et al. 2021).',
  method: {
    paper:
      'Shu, Liu, Gao, Yan & Shen 2021: Channel-wise Knowledge Distillation for Dense Prediction, section 3',
    url: 'https://arxiv.org/abs/2011.13256',
    formula: 'T^2 / c sum over the c channels of KL(softmax(v / T) || softmax(z / T)) over the positions',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['CWD'], MMRazor: ['ChannelWiseDivergence'] },
    example: { use: 'channel-wise', student: 'stage.3', teacher: 'stage.3' },
    note: 'T = 1 is the default of MMRazor and of its published recipes.',
  },
  forms: ['a feature map [h, w, channels]'],
  options: {
    temperature: z.number().positive().default(1).describe('T: divides both maps before the softmax.'),
  },
  connector: 'auto',
  resize: ['student', 'bilinear'],
  create:
    ({ temperature }) =>
    ({ student, teacher }) =>
      channelDivergence(student, teacher, temperature),
});

// Inter-channel correlation: which channels of a feature map are alike (ICKD, Liu et al. 2021, section 3).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { squareSum, unit } from '../parts/relation-matrix.js';

/** Inner products of an example's channels over its positions, rows at length 1: [batch, channels, channels]. */
function correlation(map: tf.Tensor): tf.Tensor3D {
  const [batch = 1, height = 1, width = 1, channels = 1] = map.shape;
  const flat = tf.reshape(map, [batch, height * width, channels]);
  return unit(tf.matMul<tf.Tensor3D>(flat, flat, true));
}

/** Mean over the batch of the squared difference of the correlations, divided by the channels. */
function interChannelCorrelation(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  const [z, v] = [correlation(student), correlation(teacher)];
  return tf.div(squareSum(tf.sub(z, v)), z.shape[0] * z.shape[1]);
}

export const interChannelCorrelationLoss: AnyComponent = layerPairLoss('inter-channel-correlation', {
  help: 'Correlations between the channels of a feature map (ICKD, Liu et al. 2021).',
  method: {
    paper:
      'Liu et al. 2021: Exploring Inter-Channel Correlation for Diversity-Preserved Knowledge Distillation, section 3',
    url: 'https://arxiv.org/abs/2202.03680',
    formula:
      'mean over examples of || unit(V^T V) - unit(R^T R) ||^2 / c; R = r(Z), a regressor to c channels',
    family: 'relations',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['ICKD', 'ICKD-C'], torchdistill: ['ChSimLoss'] },
    example: { use: 'inter-channel-correlation', student: 'stage.3', teacher: 'stage.3' },
    note: 'torchdistill’s ChSimLoss divides by the batch size twice, which makes its published weight as many times weaker; here it is the mean over the batch, as in the authors’ code, whose rows of length 1 and division by c (not c^2, as the paper writes for rows as they are) belong to the weight.',
  },
  forms: ['a feature map [h, w, channels]'],
  connector: 'linear-norm',
  options: {},
  create:
    () =>
    ({ student, teacher }) =>
      interChannelCorrelation(student, teacher),
});

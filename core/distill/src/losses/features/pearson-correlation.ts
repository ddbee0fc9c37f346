// Pearson correlation of feature maps: PKD for detectors (Cao et al. 2022, section 3.2).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';

/** Added to each deviation, so that a channel that does not vary is 0. */
const epsilon = 1e-6;

/** Each channel of [batch, ..., channels] at mean 0 and (biased) deviation 1 over batch and positions. */
function standardised(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const centred = tf.sub(x, tf.mean(x, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  // The square root has no gradient at 0.
  return tf.div(centred, tf.add(tf.sqrt(tf.maximum(variance, 1e-24)), epsilon));
}

export const pearsonCorrelation: AnyComponent = layerPairLoss('pearson-correlation', {
  help: 'One minus the Pearson correlation of feature maps, channel by channel (PKD, Cao et al. 2022).',
  method: {
    paper:
      'Cao, Zhang, Gao, Cheng, Cheng & Lu 2022: PKD: General Distillation Framework for Object Detectors via Pearson Correlation Coefficient, section 3.2',
    url: 'https://arxiv.org/abs/2207.02039',
    formula:
      'mean((s(z) - s(v))^2) / 2 = 1 - r, with s(x) each channel at mean 0 and deviation 1 over batch and positions',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['PKD'], MMRazor: ['PKDLoss'] },
    example: { use: 'pearson-correlation', student: 'stage.2', teacher: 'stage.2' },
    note: 'PKD is also patient knowledge distillation, see `patient`. MMRazor divides by the unbiased deviation, and its loss is (n - 1) / n of 1 - r; here it is 1 - r. A channel of the teacher that does not vary counts 1/2.',
  },
  forms: ['a feature map [h, w, channels]'],
  options: {},
  connector: 'auto',
  resize: ['student', 'bilinear'],
  create:
    () =>
    ({ student, teacher }) =>
      tf.mul(tf.mean(tf.squaredDifference(standardised(student), standardised(teacher))), 0.5),
});

// Streamlined distillation, direction: which examples point the same way, in Mahalanobis' distance (Jeong, Lee & Choi 2026).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { inverse } from '../parts/inverse.js';
import { diagonal } from '../parts/relation-matrix.js';

/**
 * `mean_i sqrt(d_i S^-1 d_i)`, where `d_i` are the rows of `difference` [n, n] and `S` is the covariance of its columns over its
 * rows, plus `tikhonov` on the diagonal. `counts` [n, 1]: 1 for the rows and columns that count, 0 for those that hold zeros.
 * The gradient is in closed form and sees that `S` depends on the difference; it is 0 for rows of zeros.
 */
function mahalanobis(difference: tf.Tensor2D, tikhonov: number, counts: tf.Tensor2D): tf.Scalar {
  const compute = tf.customGrad((given, save) => {
    const d = given as tf.Tensor2D;
    const n = tf.maximum(tf.sum(counts), 1);
    const freedom = tf.maximum(tf.sub(n, 1), 1);
    const centred = tf.mul(tf.sub(d, tf.div(tf.sum(d, 0, true), n)), counts);
    const covariance = tf.div(tf.matMul(centred, centred, true), freedom);
    const whitened = tf.matMul(d, inverse(tf.add(covariance, tf.mul(diagonal(d.shape[0]), tikhonov))));
    const distances = tf.sqrt(tf.relu(tf.sum(tf.mul(d, whitened), 1, true)));
    // 1 over the distance, and 0 for a distance of 0.
    const reciprocal = tf.where(
      tf.greater(distances, 0),
      tf.reciprocal(tf.maximum(distances, 1e-12)),
      tf.zerosLike(distances),
    );
    const direct = tf.mul(whitened, reciprocal);
    const byCovariance = tf.matMul(centred, tf.matMul(whitened, direct, true));
    (save as tf.GradSaveFunc)([tf.div(tf.sub(direct, tf.div(byCovariance, freedom)), n)]);
    return {
      value: tf.div(tf.sum(distances), n),
      gradFunc: (dy, [gradient]) => tf.mul(gradient as tf.Tensor, dy),
    };
  });
  return compute(difference) as tf.Scalar;
}

/** Cosines between the rows of [n, classes], [n, n]; 0 for rows of zeros. */
function cosines(x: tf.Tensor2D): tf.Tensor2D {
  const length = tf.sqrt(tf.maximum(tf.sum(tf.square(x), 1, true), 1e-24));
  const unit = tf.div<tf.Tensor2D>(x, length);
  return tf.matMul(unit, unit, false, true);
}

export const streamlinedDirectionLoss: AnyComponent = logitPairLoss('streamlined-direction', {
  help: 'Mahalanobis distance of the cosines between the examples of a batch, of student and teacher.',
  method: {
    paper: 'Jeong, Lee & Choi 2026: Streamlined Knowledge Distillation, equations 3 to 8',
    url: 'https://openaccess.thecvf.com/content/CVPR2026/papers/Jeong_Streamlined_Knowledge_Distillation_CVPR_2026_paper.pdf',
    formula:
      'mean_i sqrt(D_i (cov(D) + tikhonov I)^-1 D_i), D = G_z - G_v, G the cosines between the logits of the examples of a batch',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { torchdistill: ['SKDDirectionLoss'], papers: ['SKD'] },
    example: 'streamlined-direction',
    note: 'As the paper’s equations. The authors’ code (torchdistill’s mode `code`) divides the cosines by the number of classes and counts about half of the batch. The inverse is iterated (Newton and Schulz) where they factor by Cholesky. The instance term is soft-targets.',
  },
  options: {
    tikhonov: z
      .number()
      .positive()
      .default(0.1)
      .describe('Added to the diagonal of the covariance. The paper gives no number; this is its code’s.'),
  },
  create: ({ tikhonov }) => ({
    compute({ z: own, v, share }) {
      const counts = tf.cast<tf.Tensor2D>(tf.greater(share, 0), 'float32');
      return mahalanobis(tf.sub(cosines(own), cosines(v)), tikhonov, counts);
    },
  }),
});

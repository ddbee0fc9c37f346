// Correlation congruence: kernels between the examples of a batch (Peng et al. 2019, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { gram, unit } from '../parts/relation-matrix.js';
import { vectorPairLoss } from '../parts/vector-pairs.js';

interface CorrelationOptions {
  readonly kernel: 'gaussian' | 'bilinear';
  /** Of the Gaussian `exp(-gamma |a - b|^2)`. */
  readonly gamma: number;
  /** Degree of its Taylor polynomial. */
  readonly order: number;
}

/**
 * Kernel of all pairs of rows, each at length 1. With `c` their cosine, `|a - b|^2 = 2 - 2 c`, so that the Gaussian is
 * `exp(-2 gamma) exp(2 gamma c)`, and its Taylor polynomial `exp(-2 gamma) sum over p of (2 gamma c)^p / p!`.
 */
function correlation(x: tf.Tensor2D, { kernel, gamma, order }: CorrelationOptions): tf.Tensor2D {
  const cosines = gram(unit(x));
  if (kernel === 'bilinear') return cosines;
  const scaled = tf.mul(cosines, 2 * gamma);
  // Horner's scheme: 1 + s (1 + s/2 (1 + s/3 ...)).
  let sum: tf.Tensor = tf.onesLike(cosines);
  for (let p = order; p >= 1; p--) sum = tf.add(1, tf.mul(tf.div(scaled, p), sum));
  return tf.mul(sum, Math.exp(-2 * gamma));
}

/** Mean over all pairs of examples of the squared difference of their kernels. */
function correlationCongruence(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  options: CorrelationOptions,
): tf.Scalar {
  return tf.mean(tf.squaredDifference(correlation(student, options), correlation(teacher, options)));
}

export const correlationCongruenceLoss: AnyComponent = vectorPairLoss('correlation-congruence', {
  help: 'Gaussian kernels between the batch’s examples, by their Taylor polynomial (Peng et al. 2019).',
  method: {
    paper: 'Peng et al. 2019: Correlation Congruence for Knowledge Distillation, section 3',
    url: 'https://arxiv.org/abs/1904.01802',
    formula:
      'mean over pairs (k(v_i, v_j) - k(z_i, z_j))^2; k = exp(-2 gamma) sum over p = 0..order of (2 gamma cos)^p / p!',
    family: 'relations',
    student: ['feature map', 'embedding', 'hidden states'],
    teacher: ['feature map', 'embedding', 'hidden states'],
    aliases: { papers: ['CC', 'CCKD'], torchdistill: ['CCKDLoss'] },
    example: { use: 'correlation-congruence' },
    note: 'torchdistill’s CCKDLoss divides the norm by the batch size squared; the paper squares the norm, which is done here. Vectors are brought to length 1 first, as the expansion of the kernel assumes; the paper’s embedding layers are left out, as both widths may differ.',
  },
  options: {
    kernel: z
      .enum(['gaussian', 'bilinear'])
      .default('gaussian')
      .describe('The kernel: Gaussian, or the inner product (the cosine).'),
    gamma: z.number().positive().default(0.4).describe('Of the Gaussian exp(-gamma |a - b|^2).'),
    order: z.int().min(1).default(2).describe('Degree of the Gaussian’s Taylor polynomial.'),
  },
  compute: correlationCongruence,
});

// Truncated soft targets: the teacher's likeliest classes, and the mass of the rest as one class.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { logitPairLoss } from '../parts/logit-pair.js';

/** Enough beside any logit that an exponential is 0. */
const excluded = 1e9;

/** 1 at the k largest logits of each row, [rows, classes]; equal logits at the edge all count. */
function largest(v: tf.Tensor2D, k: number): tf.Tensor {
  const last = tf.slice(
    tf.topk(v, Math.min(k, v.shape[1])).values,
    [0, Math.min(k, v.shape[1]) - 1],
    [-1, 1],
  );
  return tf.cast(tf.greaterEqual(v, last), 'float32');
}

/** 1 at the fewest of the likeliest classes that have `mass` together. */
function likeliest(v: tf.Tensor2D, mass: number): tf.Tensor {
  const p = tf.softmax(v);
  const sorted = tf.topk(p, v.shape[1]).values;
  const before = tf.cumsum(sorted, 1, true);
  const last = tf.min(tf.where(tf.less(before, mass), sorted, tf.onesLike(sorted)), -1, true);
  return tf.cast(tf.greaterEqual(p, last), 'float32');
}

/** Logits of the kept classes and of all others as one more, [rows, classes + 1]. `kept`: 1 or 0, [rows, classes]. */
function joined(x: tf.Tensor2D, kept: tf.Tensor, drop = false): tf.Tensor2D {
  const own = tf.sub<tf.Tensor2D>(x, tf.mul(tf.sub(1, kept), excluded));
  const rest = tf.logSumExp(tf.sub(x, tf.mul(kept, excluded)), -1, true);
  return tf.concat([own, drop ? tf.sub<tf.Tensor2D>(rest, 2 * excluded) : rest], 1) as tf.Tensor2D;
}

const name = 'truncated-soft-targets';

export const truncatedSoftTargetsLoss: AnyComponent = logitPairLoss(name, {
  help: 'Soft targets of the teacher’s likeliest classes, by number or by mass; the rest counts as one class, or not.',
  method: {
    paper:
      'Peng et al. 2024: Pre-training Distillation for Large Language Models: A Design Space Exploration (top-p-k truncation); the rest as one class as in DistillKit (`missing: symmetric_uniform`)',
    url: 'https://arxiv.org/abs/2410.16215',
    formula:
      'T^2 KL(p || q) over the kept classes and one for all others, p of softmax(v / T), q of softmax(z / T)',
    family: 'logits',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { DistillKit: ['sparse_kl_div', 'symmetric_uniform'], papers: ['top-k KL', 'top-p KL'] },
    example: { use: name, top: 2 },
    note: 'A store of encoding `top: k` keeps the k largest logits and the mass of the rest: with the same `top` and temperature 1 the loss is that of the teacher’s exact answers.',
  },
  temperature: 1,
  options: {
    top: z
      .int()
      .min(1)
      .optional()
      .describe('How many classes are kept. Give `top`, `mass` or both; with both, the fewer.'),
    mass: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('The fewest classes are kept that have this probability together.'),
    rest: z
      .enum(['one class', 'none'])
      .default('one class')
      .describe(
        '`none`: the teacher’s probabilities of the kept classes are scaled to a sum of 1, and the rest has none.',
      ),
  },
  create({ top, mass, rest }) {
    if (top === undefined && mass === undefined)
      throw new PotstillError({
        code: 'LOSS_INVALID',
        message: `${name}: neither \`top\` nor \`mass\` is given`,
        hint: 'Give how many classes are kept, `top: 20`, or how much probability, `mass: 0.95`.',
      });
    return {
      compute({ soft: { z: own, v, square }, mean }) {
        const masks = [
          ...(top === undefined ? [] : [largest(v, top)]),
          ...(mass === undefined ? [] : [likeliest(v, mass)]),
        ];
        const kept = masks.reduce((all, each) => tf.mul(all, each));
        const divergences = rowDivergence(
          joined(v, kept, rest === 'none'),
          joined(own, kept),
          kullbackLeibler,
        );
        return mean(tf.mul(divergences, square));
      },
    };
  },
});

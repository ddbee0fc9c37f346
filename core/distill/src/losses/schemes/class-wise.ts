// Class-wise self-distillation: an example learns what the student says of another of its class (Yun et al. 2020, "Regularizing
// class-wise predictions via self-knowledge distillation", equation 2).
import { stopGradient } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { softTargets } from '../logits/soft-targets.js';
import { checkLogits, pick } from '../parts/check.js';

/**
 * `T^2 * KL(softmax(z'/T) || softmax(z/T))` of each pair of neighbours (z, z') in the batch, mean over the pairs; no gradient flows into z'. Logits
 * float32 [batch, classes]; of an odd batch the last example is in no pair.
 */
export function classWise(logits: tf.Tensor, temperature: number): tf.Scalar {
  const [batch, classes] = logits.shape as [number, number];
  const count = Math.floor(batch / 2);
  if (count === 0) return tf.mul<tf.Scalar>(tf.sum(logits), 0);
  const pairs = tf.reshape(tf.slice(logits, [0, 0], [2 * count, classes]), [count, 2, classes]);
  const of = (at: number) => tf.reshape(tf.slice(pairs, [0, at, 0], [count, 1, classes]), [count, classes]);
  return softTargets(of(0), stopGradient(of(1)), { temperature });
}

export const classWiseLoss: AnyComponent = loss('class-wise', {
  help: 'An example learns the student’s own answer to another of its class; with `data.sampler: pairs` (CS-KD, Yun et al. 2020).',
  method: {
    paper:
      'Yun, Park, Lee & Shin 2020: Regularizing Class-wise Predictions via Self-knowledge Distillation, section 2, equation 2',
    url: 'https://arxiv.org/abs/2003.13964',
    formula: "T^2 KL(softmax(z'/T) || softmax(z/T)) of pairs of one class; z' is constant",
    family: 'self',
    student: ['logits'],
    teacher: [],
    labels: true,
    aliases: { papers: ['CS-KD'] },
    example: 'class-wise',
    note: 'Needs `data.sampler: pairs`. The paper’s cross-entropy sees the first of each pair; here other losses see both.',
  },
  options: z.strictObject({
    temperature: z.number().positive().default(4).describe('T: divides both logits before the softmax.'),
    student: z.string().default('logits').describe('The student’s output with the logits, [batch, classes].'),
  }),
  create: ({ temperature, student: output }) => ({
    needs: { student: [output], teacher: [], batch: [] },
    compute({ student }) {
      const logits = pick('class-wise', 'student', student, output);
      checkLogits('class-wise', 'student', logits);
      return classWise(logits, temperature);
    },
  }),
});

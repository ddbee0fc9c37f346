// The terms of distillation with self-supervision, and their published settings (Xu et al. 2020, and the authors' code).
import { stopGradient } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { softTargets } from '../logits/soft-targets.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { oneHot } from '../parts/one-hot.js';
import { halves, leastWrong, origins } from './contrastive-task.js';

const number = (of: number, what: string) => z.number().min(0).default(of).describe(what);
const share = (of: number, what: string) => z.number().min(0).max(1).default(of).describe(what);
const temperature = (of: number, what: string) => z.number().positive().default(of).describe(`T of ${what}.`);
const output = (of: string, what: string) => z.string().default(of).describe(what);

export const selfSupervisionOptions = z.strictObject({
  student: output('logits', 'The student’s output with the logits.'),
  teacher: output('logits', 'The teacher’s output with the logits.'),
  features: output('features', 'The student’s output that its head reads.'),
  teacherFeatures: output('features', 'The teacher’s output that its head reads.'),
  normalTemperature: temperature(4, 'the answers to images as they are'),
  transformedTemperature: temperature(4, 'the answers to turned images'),
  similarityTemperature: temperature(0.5, 'the similarities'),
  normalWeight: number(0.9, 'Weight of the answers to images as they are.'),
  transformedWeight: number(2.7, 'Weight of the answers to turned images.'),
  similarityWeight: number(10, 'Weight of the similarities.'),
  transformedRatio: share(
    1,
    'Share of the teacher’s wrong answers to turned images that are learnt, the least wrong first. Below 1 it reads the labels.',
  ),
  similarityRatio: share(
    0.75,
    'Share that is learnt of the turned images for which the teacher finds another image more similar than their own, the least wrong first.',
  ),
  headPhase: share(
    0.2,
    'First part of the training, in which the teacher’s head learns its task. The student learns the similarities after it.',
  ),
  target: z.string().optional().describe('Field with the labels. Default: the target of the data.'),
});

/** What a model says of images and then their turned copies: logits [4 batch, classes], cosines [3 batch, batch]. */
export interface Views {
  readonly logits: tf.Tensor2D;
  readonly cosines: tf.Tensor2D;
}

/** The three terms, before their weights. `labels`: int32 [batch], where not all wrong answers are learnt. */
export function selfSupervision(
  student: Views,
  teacher: Views,
  given: z.output<typeof selfSupervisionOptions> & { readonly labels?: tf.Tensor1D },
): { readonly normal: tf.Scalar; readonly transformed: tf.Scalar; readonly similarity: tf.Scalar } {
  const [z, v] = [halves(student.logits), halves(teacher.logits)];
  const classes = student.logits.shape[1];
  const [, batch] = teacher.cosines.shape;
  const learnt = given.labels
    ? leastWrong(v.transformed, oneHot(tf.tile(given.labels, [3]), classes), given.transformedRatio)
    : undefined;
  const own = leastWrong(teacher.cosines, origins(batch), given.similarityRatio);
  return {
    normal: softTargets(z.normal, v.normal, { temperature: given.normalTemperature }),
    transformed: weighted(z.transformed, v.transformed, given.transformedTemperature, learnt),
    similarity: weighted(student.cosines, stopGradient(teacher.cosines), given.similarityTemperature, own),
  };
}

/** Soft targets of rows that count `share` each, [rows, 1] of sum 1; without it all alike. */
function weighted(z: tf.Tensor2D, v: tf.Tensor2D, temperature: number, share?: tf.Tensor): tf.Scalar {
  if (!share) return softTargets(z, v, { temperature });
  const each = rowDivergence(tf.div(v, temperature), tf.div(z, temperature), kullbackLeibler);
  return tf.mul<tf.Scalar>(tf.sum(tf.mul(each, share)), temperature ** 2);
}

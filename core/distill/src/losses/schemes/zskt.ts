// Zero-shot transfer: a generator looks for examples on which student and frozen teacher differ, and the student learns them
// (Micaelli & Storkey 2019, "Zero-shot knowledge transfer via adversarial belief matching", algorithm 1).
import { adam } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { softTargets } from '../logits/soft-targets.js';
import { pick } from '../parts/check.js';
import { generatedLoss } from './from-generator.js';
import { generatorOf, generatorOptions } from './generator.js';

/** `KL(teacher || student)`, mean over the batch; gradients reach both, as the examples are what is learnt. */
export function disagreement(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  const [p, q] = [tf.logSoftmax(teacher), tf.logSoftmax(student)];
  return tf.mean<tf.Scalar>(tf.sum(tf.mul(tf.exp(p), tf.sub(p, q)), -1));
}

export const zsktLoss: AnyComponent = loss('zskt', {
  help: 'Distillation without data: a generator looks for examples on which the student differs from the frozen teacher (ZSKT, Micaelli & Storkey 2019).',
  method: {
    paper:
      'Micaelli & Storkey 2019: Zero-shot Knowledge Transfer via Adversarial Belief Matching, section 3, algorithm 1',
    url: 'https://arxiv.org/abs/1905.09768',
    formula:
      'student: T^2 KL(softmax(v/T) || softmax(z/T)); generator: -KL(softmax(v) || softmax(z)); v, z of what it makes, in turn',
    family: 'without data',
    student: ['logits'],
    teacher: ['logits'],
    sameShape: true,
    aliases: { papers: ['ZSKT'] },
    example: 'zskt',
    note: 'The teacher runs in the training step (`live`). The paper adds attention transfer between layers of the made examples (beta 250), which is left out.',
  },
  options: z.strictObject({
    ...generatorOptions,
    temperature: z.number().positive().default(1).describe('T of the student’s soft targets.'),
    generatorSteps: z.int().min(1).default(1).describe('Updates of the generator in turn.'),
    studentSteps: z.int().min(1).default(10).describe('Updates of the student in turn.'),
  }),
  needsTeacher: true,
  create(options, services, { data, student }) {
    const { temperature, generatorSteps, studentSteps } = options;
    const every = generatorSteps + studentSteps;
    return generatedLoss({
      name: 'zskt',
      generator: generatorOf('zskt', options, data, services),
      student,
      teacher: ['logits'],
      training: {
        optimizer: adam(),
        rate: 0.001,
        turns: { every, from: 0, to: generatorSteps },
        studentTurns: { every, from: generatorSteps, to: every },
      },
      learn: (z, v) => softTargets(z, v, { temperature }),
      generatorSeesStudent: true,
      generate: (seen) =>
        tf.neg(
          disagreement(
            pick('zskt', 'student', seen.student, 'logits'),
            pick('zskt', 'teacher', seen.teacher, 'logits'),
          ),
        ),
    });
  },
});

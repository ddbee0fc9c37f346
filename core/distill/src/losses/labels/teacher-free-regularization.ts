// Teacher-free regularisation: a teacher made of the labels alone, sure of them and softened (Yuan et al. 2020).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { kullbackLeibler, rowDivergence } from '../parts/divergences.js';
import { labelLoss } from '../parts/label-loss.js';

export const teacherFreeRegularizationLoss: AnyComponent = labelLoss('teacher-free-regularization', {
  help: 'Soft targets of a virtual teacher, which gives the label a high probability and the others the rest.',
  method: {
    paper:
      'Yuan et al. 2020: Revisiting Knowledge Distillation via Label Smoothing Regularization, section 4 (Tf-KD_reg)',
    url: 'https://arxiv.org/abs/1909.11723',
    formula:
      'KL(softmax(u / T) || softmax(z)), u_y = correct and (1 - correct) / (N - 1) for the N - 1 other classes',
    family: 'labels',
    student: ['logits'],
    teacher: [],
    labels: true,
    aliases: { KD_Lib: ['VirtualTeacher'], papers: ['Tf-KD', 'virtual teacher'] },
    example: 'teacher-free-regularization',
    note: 'As the authors’ code and KD_Lib: the probabilities u are divided by T as logits would be, and the student is at temperature 1. Both take PyTorch’s `mean`, which divides by the number of classes too; here it is the mean over the rows.',
  },
  options: {
    correct: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.99)
      .describe('The virtual teacher’s probability of the label. KD_Lib has 0.9.'),
    temperature: z.number().positive().default(20).describe('T: softens the virtual teacher alone.'),
  },
  create:
    ({ correct, temperature }) =>
    ({ z: logits, target, mean }) => {
      const rest = (1 - correct) / Math.max(1, logits.shape[1] - 1);
      const teacher = tf.div(tf.add(tf.mul(target, correct - rest), rest), temperature);
      return mean(rowDivergence(teacher, logits, kullbackLeibler));
    },
});

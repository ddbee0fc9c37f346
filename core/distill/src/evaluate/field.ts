// Options that all metrics share, and the target field they read.
import { z } from 'zod';
import type { DataDescription } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

export const outputOption = z
  .string()
  .default('logits')
  .describe('output of the student that is read: unnormalised scores, classes last');

export const teacherOutputOption = z
  .string()
  .default('logits')
  .describe('output of the teacher that is read: unnormalised scores, classes last');

export const numbersOption = z
  .string()
  .default('logits')
  .describe('output of the model that is read: one number for each number of the target');

/** The field with the truth; an error that names the metric when the data have none. */
export function targetField(metric: string, data: DataDescription): string {
  if (data.target !== undefined) return data.target;
  throw new PotstillError({
    code: 'EVALUATE_TENSOR',
    message: `metric \`${metric}\` compares with the truth, and the data name no target field`,
    hint: 'Use labelled data, or a metric that compares with the teacher: agreement, divergence.',
  });
}

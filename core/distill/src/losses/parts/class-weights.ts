// Weights of classes by how many examples each has (Cui et al. 2019).
import { z } from 'zod';
import { PotstillError } from '../../errors/potstill-error.js';

/** The options of losses that weigh classes. */
export const classWeightOptions = {
  counts: z
    .array(z.number().positive())
    .min(1)
    .describe('How many training examples each class has, in the order of the classes.'),
  beta: z
    .number()
    .min(0)
    .lt(1)
    .default(0.9999)
    .describe('How little examples of a class overlap: 0 gives equal weights; near 1, weights as 1 / count.'),
};

/**
 * `(1 - beta) / (1 - beta^n)` of each class: one over its effective number of examples (section 3.2), scaled so that the
 * weights add up to the number of classes (section 4).
 * @throws PotstillError LOSS_INVALID where there is not one count for each class.
 */
export function classWeights(
  loss: string,
  { counts, beta }: { readonly counts: readonly number[]; readonly beta: number },
  classes: number,
): number[] {
  if (classes !== counts.length)
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: `${loss}: \`counts\` has ${counts.length} numbers, the student’s logits have ${classes} classes`,
      hint: 'Give one count for each class, in the order of the classes.',
    });
  // beta^n - 1 loses all digits where n (1 - beta) is small.
  const weights = counts.map((count) => (beta - 1) / Math.expm1(count * Math.log(beta)));
  const plain = beta === 0 ? counts.map(() => 1) : weights;
  const sum = plain.reduce((total, weight) => total + weight, 0);
  return plain.map((weight) => (weight * counts.length) / sum);
}

// Losses that are a divergence of the teacher's and the student's softmax at a temperature.
import * as tf from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { AnyComponent, Method } from '../../contracts/index.js';
import { rowDivergence, type Divergence } from './divergences.js';
import { logitPairLoss } from './logit-pair.js';

/**
 * A component whose loss is `T^2 D(softmax(v / T) || softmax(z / T))`, mean over the rows that count. T is 1 unless the recipe
 * says otherwise; T^2 keeps the size of the gradient, as in soft targets.
 */
export function divergenceLoss<S extends z.ZodRawShape>(
  name: string,
  definition: {
    readonly help: string;
    readonly method: Method;
    readonly options: S;
    /** `D(p || q)`, p the teacher's. */
    divergence(options: z.output<z.ZodObject<S>>): Divergence;
  },
): AnyComponent {
  const { help, method, options } = definition;
  return logitPairLoss(name, {
    help,
    method,
    options,
    temperature: 1,
    create(given) {
      const divergence = definition.divergence(given);
      return {
        compute: ({ soft: { z: own, v, square }, mean }) =>
          mean(tf.mul(rowDivergence(v, own, divergence), square)),
      };
    },
  });
}

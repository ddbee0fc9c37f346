// The optimisers of recipes: update rules of the engine. Limits on gradients and weights are `train.clip` and `train.maxNorm`.
import { adam, adamw, sgd } from '@potstill/engine';
import { z } from 'zod';
import type { AnyComponent } from '../contracts/index.js';
import { optimizer } from '../plugin/define.js';

const positive = z.number().positive();
const fraction = z.number().min(0).lt(1);

const decayed = 'Acts on weight matrices and filters, not on biases and scales.';
const betas = {
  beta1: fraction.default(0.9).describe('Decay of the running mean of gradients.'),
  beta2: fraction.default(0.999).describe('Decay of the running mean of squared gradients.'),
  epsilon: positive.default(1e-8).describe('Added to the root in the denominator.'),
};

const sgdOptimizer: AnyComponent = optimizer('sgd', {
  help: 'Stochastic gradient descent, with momentum where asked for.',
  options: z
    .strictObject({
      momentum: z.number().min(0).default(0).describe('Share of the last velocity that is kept.'),
      nesterov: z
        .boolean()
        .default(false)
        .describe('Looks one step ahead along the velocity; wants momentum.'),
      dampening: fraction.default(0).describe('The gradient enters the velocity times 1 minus this.'),
      weightDecay: z
        .number()
        .min(0)
        .default(0)
        .describe(`Times the weight, added to its gradient (L2). ${decayed}`),
    })
    .refine(({ nesterov, momentum }) => !nesterov || momentum > 0, {
      path: ['nesterov'],
      error: 'nesterov wants a momentum above 0',
    })
    .refine(({ nesterov, dampening }) => !nesterov || dampening === 0, {
      path: ['nesterov'],
      error: 'nesterov wants no dampening',
    }),
  create: (options) => sgd(options),
});

const adamOptimizer: AnyComponent = optimizer('adam', {
  help: 'Adam (Kingma & Ba 2015).',
  options: z.strictObject({
    ...betas,
    weightDecay: z
      .number()
      .min(0)
      .default(0)
      .describe(`Times the weight, added to its gradient (L2). ${decayed}`),
  }),
  create: (options) => adam(options),
});

const adamwOptimizer: AnyComponent = optimizer('adamw', {
  help: 'Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019).',
  options: z.strictObject({
    ...betas,
    weightDecay: z
      .number()
      .min(0)
      .default(0.01)
      .describe(`Share of the weight, times the rate, taken off at each update. ${decayed}`),
  }),
  create: (options) => adamw(options),
});

export const optimizerComponents: readonly AnyComponent[] = [sgdOptimizer, adamOptimizer, adamwOptimizer];

// The optimisers of recipes: update rules of the engine, with limits on gradients and weights as options.
import {
  adam,
  adamw,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  maxNorm,
  sgd,
  type Optimizer,
} from '@potstill/engine';
import { z } from 'zod';
import type { AnyComponent } from '../contracts/index.js';
import { optimizer } from '../plugin/define.js';

const positive = z.number().positive();
const fraction = z.number().min(0).lt(1);

/** Options that every optimiser has. Order: gradients by value, each norm, joint norm; then the update; then max-norm. */
const limits = {
  clipValue: positive
    .optional()
    .describe('Holds every element of the gradients within +- this. Default: no limit.'),
  clipNorm: positive.optional().describe('Scales each gradient to at most this L2 norm. Default: no limit.'),
  clipGlobalNorm: positive
    .optional()
    .describe('Scales all gradients by one factor to at most this joint L2 norm. Default: no limit.'),
  maxNorm: positive
    .optional()
    .describe(
      'Scales the incoming weights of each unit to at most this L2 norm after each update. Default: no limit.',
    ),
};

type Limits = { readonly [K in keyof typeof limits]?: number | undefined };

function withLimits(rule: Optimizer, given: Limits): Optimizer {
  let limited = rule;
  if (given.maxNorm !== undefined) limited = maxNorm(limited, given.maxNorm);
  // Each wrapper acts before what it wraps, so the last one here is the first to act.
  if (given.clipGlobalNorm !== undefined) limited = clipByGlobalNorm(limited, given.clipGlobalNorm);
  if (given.clipNorm !== undefined) limited = clipByNorm(limited, given.clipNorm);
  if (given.clipValue !== undefined) limited = clipByValue(limited, given.clipValue);
  return limited;
}

const decayed = 'Acts on weight matrices and filters, not on biases and scales.';
const betas = {
  beta1: fraction.default(0.9).describe('Decay of the running mean of gradients.'),
  beta2: fraction.default(0.999).describe('Decay of the running mean of squared gradients.'),
  epsilon: positive.default(1e-8).describe('Added to the root in the denominator.'),
};

export const sgdOptimizer: AnyComponent = optimizer('sgd', {
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
      ...limits,
    })
    .refine(({ nesterov, momentum }) => !nesterov || momentum > 0, {
      path: ['nesterov'],
      error: 'nesterov wants a momentum above 0',
    })
    .refine(({ nesterov, dampening }) => !nesterov || dampening === 0, {
      path: ['nesterov'],
      error: 'nesterov wants no dampening',
    }),
  create: ({ momentum, nesterov, dampening, weightDecay, ...rest }) =>
    withLimits(sgd({ momentum, nesterov, dampening, weightDecay }), rest),
});

export const adamOptimizer: AnyComponent = optimizer('adam', {
  help: 'Adam (Kingma & Ba 2015).',
  options: z.strictObject({
    ...betas,
    weightDecay: z
      .number()
      .min(0)
      .default(0)
      .describe(`Times the weight, added to its gradient (L2). ${decayed}`),
    ...limits,
  }),
  create: ({ beta1, beta2, epsilon, weightDecay, ...rest }) =>
    withLimits(adam({ beta1, beta2, epsilon, weightDecay }), rest),
});

export const adamwOptimizer: AnyComponent = optimizer('adamw', {
  help: 'Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019).',
  options: z.strictObject({
    ...betas,
    weightDecay: z
      .number()
      .min(0)
      .default(0.01)
      .describe(`Share of the weight, times the rate, taken off at each update. ${decayed}`),
    ...limits,
  }),
  create: ({ beta1, beta2, epsilon, weightDecay, ...rest }) =>
    withLimits(adamw({ beta1, beta2, epsilon, weightDecay }), rest),
});

export const optimizerComponents: readonly AnyComponent[] = [sgdOptimizer, adamOptimizer, adamwOptimizer];

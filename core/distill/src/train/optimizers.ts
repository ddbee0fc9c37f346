// The optimisers of recipes: update rules of the engine. Limits on gradients and weights are `train.clip` and `train.maxNorm`.
import { adagrad, adam, adamw, dot, lamb, lion, rmsprop, sgd } from '@potstill/engine';
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
const amsgrad = z
  .boolean()
  .default(false)
  .describe('AMSGrad (Reddi et al. 2018): divides by the largest mean of squares so far.');
const l2 = z.number().min(0).default(0).describe(`Times the weight, added to its gradient (L2). ${decayed}`);
const apart = (value: number) =>
  z
    .number()
    .min(0)
    .default(value)
    .describe(`Share of the weight, times the rate, taken off at each update. ${decayed}`);

const sgdOptimizer: AnyComponent = optimizer('sgd', {
  help: 'Stochastic gradient descent, with optional momentum.',
  options: z
    .strictObject({
      momentum: z.number().min(0).default(0).describe('Share of the last velocity that is kept.'),
      nesterov: z
        .boolean()
        .default(false)
        .describe('Looks one step ahead along the velocity; needs momentum.'),
      dampening: fraction.default(0).describe('The gradient enters the velocity times 1 minus this.'),
      weightDecay: l2,
    })
    .refine(({ nesterov, momentum }) => !nesterov || momentum > 0, {
      path: ['nesterov'],
      error: 'nesterov needs a momentum above 0',
    })
    .refine(({ nesterov, dampening }) => !nesterov || dampening === 0, {
      path: ['nesterov'],
      error: 'nesterov does not work with dampening',
    }),
  create: (options) => sgd(options),
});

const adamOptimizer: AnyComponent = optimizer('adam', {
  help: 'Adam (Kingma & Ba 2015).',
  options: z.strictObject({
    ...betas,
    amsgrad,
    weightDecay: l2,
  }),
  create: (options) => adam(options),
});

const adamwOptimizer: AnyComponent = optimizer('adamw', {
  help: 'Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019).',
  options: z.strictObject({
    ...betas,
    amsgrad,
    weightDecay: apart(0.01),
  }),
  create: (options) => adamw(options),
});

const rmspropOptimizer: AnyComponent = optimizer('rmsprop', {
  help: 'RMSprop (Tieleman & Hinton 2012), optionally centred and with momentum.',
  options: z.strictObject({
    alpha: fraction.default(0.99).describe('Decay of the running mean of squared gradients.'),
    epsilon: betas.epsilon,
    momentum: z.number().min(0).default(0).describe('Share of the last velocity that is kept.'),
    centered: z
      .boolean()
      .default(false)
      .describe('Divides by the standard deviation of the gradient, not by its root mean square.'),
    weightDecay: l2,
  }),
  create: (options) => rmsprop(options),
});

const adagradOptimizer: AnyComponent = optimizer('adagrad', {
  help: 'Adagrad (Duchi et al. 2011).',
  options: z.strictObject({
    epsilon: positive.default(1e-10).describe('Added to the root in the denominator.'),
    initial: z.number().min(0).default(0).describe('What the sum of squared gradients starts from.'),
    rateDecay: z
      .number()
      .min(0)
      .default(0)
      .describe('The rate is divided by 1 plus this for every update made.'),
    weightDecay: l2,
  }),
  create: (options) => adagrad(options),
});

const lambOptimizer: AnyComponent = optimizer('lamb', {
  help: 'LAMB, for large batches (You et al. 2020): Adam with a trust ratio for each weight matrix.',
  options: z.strictObject({
    ...betas,
    epsilon: positive.default(1e-6).describe('Added to the root in the denominator.'),
    weightDecay: apart(0.01),
  }),
  create: (options) => lamb(options),
});

const lionOptimizer: AnyComponent = optimizer('lion', {
  help: 'Lion (Chen et al. 2023): the sign of a mean gradient. Use a rate three to ten times below Adam’s.',
  options: z.strictObject({
    beta1: fraction.default(0.9).describe('Share of the running mean in the direction of a step.'),
    beta2: fraction.default(0.99).describe('Decay of the running mean of gradients.'),
    weightDecay: apart(0),
  }),
  create: (options) => lion(options),
});

const dotOptimizer: AnyComponent = optimizer('dot', {
  help: 'Gradient descent with less momentum for the task and more for distillation (DOT, Zhao et al. 2023).',
  method: {
    paper: 'Zhao et al. 2023: DOT: A Distillation-Oriented Trainer',
    url: 'https://arxiv.org/abs/2307.08436',
    formula:
      'velocities of both kinds of losses apart, with momentum m - delta for the task and m + delta for distillation',
    family: 'schemes',
    student: [],
    teacher: [],
    aliases: { mdistiller: ['DOT'], papers: ['DOT'] },
    example: { use: 'dot', delta: 0.075 },
  },
  options: z.strictObject({
    momentum: fraction.default(0.9).describe('Momentum around which the two differ.'),
    delta: fraction
      .default(0.075)
      .describe(
        'Taken from the momentum of losses without the teacher, added to that of losses that read it.',
      ),
    weightDecay: l2,
  }),
  create: (options) => dot(options),
});

export const optimizerComponents: readonly AnyComponent[] = [
  sgdOptimizer,
  adamOptimizer,
  adamwOptimizer,
  rmspropOptimizer,
  adagradOptimizer,
  lambOptimizer,
  lionOptimizer,
  dotOptimizer,
];

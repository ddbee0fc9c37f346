// The engine's update rule for an optimiser of TF.js.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { adam, sgd } from '../optimizers/index.js';
import type { Optimizer } from '../types.js';
import type { ModelStep } from './definition.js';
import { tfjsAdadelta, tfjsAdagrad, tfjsAdamax, tfjsRmsprop } from './rules.js';

type Settings = Readonly<Record<string, number>>;

/** By class name; settings are those of `getConfig`. */
const rules: Readonly<Record<string, (at: Settings) => Optimizer>> = {
  SGD: () => sgd(),
  Momentum: ({ momentum = 0, useNesterov }) =>
    sgd({ momentum, nesterov: Boolean(useNesterov) && momentum > 0 }),
  // Same rule as PyTorch's; only the default epsilon differs.
  Adam: ({ beta1 = 0.9, beta2 = 0.999, epsilon = tf.backend().epsilon() }) => adam({ beta1, beta2, epsilon }),
  Adagrad: ({ initialAccumulatorValue = 0.1 }) =>
    tfjsAdagrad(initialAccumulatorValue, tf.backend().epsilon()),
  RMSProp: ({ decay = 0.9, momentum = 0, epsilon = tf.backend().epsilon(), centered }) =>
    tfjsRmsprop({ decay, momentum, epsilon, centered: Boolean(centered) }),
  Adamax: ({ beta1 = 0.9, beta2 = 0.999, epsilon = tf.backend().epsilon(), decay = 0 }) =>
    tfjsAdamax({ beta1, beta2, epsilon, decay }),
  Adadelta: ({ rho = 0.95, epsilon = tf.backend().epsilon() }) => tfjsAdadelta(rho, epsilon),
};

/** The same rule with the same settings; throws ENGINE_OPTION for an optimiser that is not one of TF.js's own. */
export function ruleOf(optimizer: tf.Optimizer): Optimizer {
  const kind = optimizer.getClassName();
  const rule = rules[kind];
  if (!rule)
    throw new EngineError('ENGINE_OPTION', `fit: the optimizer ${kind} is not supported by the engine`, {
      hint: `Compile the model with one of ${Object.keys(rules).join(', ')}, or write it as an update rule for engine.training.`,
    });
  return rule(optimizer.getConfig() as Settings);
}

/** The rule, with the layers' constraints on weights applied after each update, as Keras does and TF.js forgets to. */
export function constrained(rule: Optimizer, step: ModelStep): Optimizer {
  if (!step.variables.some((variable) => step.constraintOf(variable))) return rule;
  return {
    ...rule,
    constrain: (value, variable) => step.constraintOf(variable)?.apply(value) ?? value,
  };
}

/** The learning rate as it is now: callbacks may change it. */
export function rateOf(optimizer: tf.Optimizer): number {
  const rate: unknown = Reflect.get(optimizer, 'learningRate');
  if (typeof rate !== 'number')
    throw new EngineError(
      'ENGINE_OPTION',
      `fit: the optimizer's learningRate is ${String(rate)}, it must be a number`,
    );
  return rate;
}

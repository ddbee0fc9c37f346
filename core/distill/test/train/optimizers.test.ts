// The optimisers of recipes: options reach the update rule.
import type { Optimizer } from '@potstill/engine';
import { optimizerComponents } from 'potstill';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeComponent, undescribed } from '../support/make-component.js';

beforeAll(() => tf.setBackend('cpu'));

const make = async (name: string, options: Record<string, unknown> = {}) =>
  (await makeComponent(optimizerComponents, name, options, {})) as Optimizer;

/** The value after one update of a 1x1 weight of 2 with a gradient of 3 at a rate of 0.1. */
function updated(optimizer: Optimizer): number {
  const variable = { name: 'w', variable: tf.variable(tf.tensor2d([[2]])) };
  const [gradient = tf.scalar(0)] = optimizer.transformGradients?.([tf.tensor2d([[3]])]) ?? [
    tf.tensor2d([[3]]),
  ];
  const slots = Object.fromEntries(
    optimizer.slots.map(({ name, fill }) => [name, tf.fill([1, 1], fill === 'value' ? 2 : fill)]),
  );
  const at = { rate: tf.scalar(0.1), step: tf.scalar(1), variable };
  const { value } = optimizer.update(variable.variable, gradient, slots, at);
  return (optimizer.constrain?.(value, variable) ?? value).dataSync()[0] as number;
}

describe('optimizerComponents', () => {
  it.each([
    ['sgd', {}, 1.7],
    ['sgd', { weightDecay: 0.5 }, 1.6],
    ['sgd', { momentum: 0.5, nesterov: true }, 1.55],
    ['adam', {}, 1.9],
    ['adamw', {}, 1.898],
    ['adamw', { weightDecay: 0 }, 1.9],
    ['adam', { amsgrad: true }, 1.9],
    // One step at the mean of squares 0.25 * 9: the gradient over its root is 2.
    ['rmsprop', { alpha: 0.75 }, 1.8],
    ['rmsprop', { alpha: 0.75, momentum: 0.5, weightDecay: 0.5 }, 1.8],
    // The variance of one gradient of 3 is 0.75 * 0.25 * 9.
    ['rmsprop', { alpha: 0.75, centered: true }, 2 - 0.1 / Math.sqrt(0.1875)],
    ['adagrad', {}, 1.9],
    ['adagrad', { initial: 16, rateDecay: 5 }, 1.94],
    // The trust ratio is the weight itself: 2 - 0.1 * 2.
    ['lamb', { weightDecay: 0 }, 1.8],
    ['lion', {}, 1.9],
    ['lion', { weightDecay: 0.5 }, 1.8],
  ])('%s %j', async (name, options, expected) => {
    expect(updated(await make(name, options))).toBeCloseTo(expected, 5);
  });

  it('refuses nesterov without momentum', async () => {
    await expect(make('sgd', { nesterov: true })).rejects.toThrow('nesterov needs a momentum above 0');
    await expect(make('sgd', { nesterov: true, momentum: 0.9, dampening: 0.1 })).rejects.toThrow(
      'does not work with dampening',
    );
  });

  it('describes every option and refuses unknown ones', () => {
    expect(optimizerComponents.flatMap(undescribed)).toEqual([]);
    for (const { options } of optimizerComponents) {
      expect(options.safeParse({ momentun: 1 }).success).toBe(false);
    }
  });
});

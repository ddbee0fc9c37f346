// What optimisers do at the edges: which variables decay, limits that bind and that do not, wrong options.
import {
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  EngineError,
  lamb,
  lion,
  maxNorm,
  rmsprop,
  sgd,
  type NamedVariable,
  type Optimizer,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyGradients } from './eager.js';

beforeAll(() => tf.setBackend('cpu'));

const named = (data: number[], shape: number[], more: Partial<NamedVariable> = {}): NamedVariable => ({
  name: 'w',
  variable: tf.variable(tf.tensor(data, shape)),
  ...more,
});
const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const values = (tensor: tf.Tensor | undefined) => Array.from(tensor?.dataSync() ?? []);

function updated(optimizer: Optimizer, variable: NamedVariable, gradient: number[]): number[] {
  const shape = variable.variable.shape;
  applyGradients(optimizer, { variables: [variable], slots: new Map() }, { rate: 1, step: 1 }, [
    tf.tensor(gradient, shape),
  ]);
  return values(variable.variable);
}

describe('weight decay', () => {
  it.each([
    ['sgd', sgd({ weightDecay: 0.5 })],
    ['adamw', adamw({ weightDecay: 0.5 })],
    ['rmsprop', rmsprop({ alpha: 0, weightDecay: 0.5 })],
    ['adagrad', adagrad({ weightDecay: 0.5 })],
    ['lion', lion({ weightDecay: 0.5 })],
  ])('%s: acts on matrices, not on vectors, unless told', (_, optimizer) => {
    expect(updated(optimizer, named([2], [1, 1]), [0])).toEqual([1]);
    expect(updated(optimizer, named([2], [1]), [0])).toEqual([2]);
    expect(updated(optimizer, named([2], [1, 1], { decay: false }), [0])).toEqual([2]);
    expect(updated(optimizer, named([2], [1], { decay: true }), [0])).toEqual([1]);
  });
});

describe('adam', () => {
  it('corrects the bias at step 1 to nearly all digits: the first change is the rate', () => {
    const [value] = updated(adam(), named([0], [1]), [1e-3]);
    expect(value).toBeCloseTo(-1, 4);
    expect(Math.abs((value as number) + 1 / (1 + 1e-8 / 1e-3))).toBeLessThan(1e-6);
  });

  it('stands still on a gradient of 0', () => {
    expect(updated(adam(), named([3], [1]), [0])).toEqual([3]);
    expect(updated(adam({ beta1: 0, beta2: 0 }), named([3], [1]), [0])).toEqual([3]);
  });
});

describe('rmsprop', () => {
  it('centred, stays finite under a gradient that never changes', () => {
    const state = { variables: [named([1], [1])], slots: new Map<string, tf.Tensor>() };
    for (let step = 1; step <= 200; step++)
      applyGradients(rmsprop({ alpha: 0.5, centered: true }), state, { rate: 1e-12, step }, [
        tf.tensor1d([0.3]),
      ]);
    expect(Math.abs(1 - (values(state.variables[0]?.variable)[0] ?? NaN))).toBeLessThan(0.1);
  });
});

describe('lamb', () => {
  it('moves a weight matrix by its own norm times the rate', () => {
    const next = updated(lamb({ weightDecay: 0 }), named([3, 4], [2, 1]), [0.1, -0.1]);
    expect(norm([3 - (next[0] as number), 4 - (next[1] as number)])).toBeCloseTo(5, 4);
  });

  it('takes a trust ratio of 1 for weights of 0, and stands still on a gradient of 0', () => {
    const next = updated(lamb(), named([0, 0], [2, 1]), [0.1, -0.1]);
    next.forEach((value, i) => expect(value).toBeCloseTo(i === 0 ? -1 : 1, 4));
    expect(updated(lamb({ weightDecay: 0 }), named([3, 4], [2, 1]), [0, 0])).toEqual([3, 4]);
    expect(updated(lamb(), named([], [0, 1]), [])).toEqual([]);
  });

  it('takes no trust ratio for what does not decay', () => {
    const next = updated(lamb(), named([3, 4], [2]), [0.1, -0.1]);
    [2, 5].forEach((value, i) => expect(next[i]).toBeCloseTo(value, 4));
  });
});

describe('lion', () => {
  it('moves every weight by the rate, whatever the size of its gradient', () => {
    expect(updated(lion(), named([0, 0, 0], [3]), [1e-6, -1e6, 0])).toEqual([-1, 1, 0]);
  });
});

describe('clipByValue, clipByNorm, clipByGlobalNorm', () => {
  const clip = (optimizer: Optimizer, ...gradients: number[][]) =>
    (optimizer.transformGradients?.(gradients.map((gradient) => tf.tensor1d(gradient))) ?? []).map(values);

  it('leave gradients within the limit as they are, zeros too', () => {
    expect(clip(clipByValue(sgd(), 5), [3, -4], [0])).toEqual([[3, -4], [0]]);
    expect(clip(clipByNorm(sgd(), 5), [3, -4], [0])).toEqual([[3, -4], [0]]);
    expect(clip(clipByGlobalNorm(sgd(), 5), [3, -4], [0])).toEqual([[3, -4], [0]]);
  });

  it('scale down to the limit: each alone, or all by one factor', () => {
    expect(clip(clipByValue(sgd(), 1), [3, -4], [0.5])).toEqual([[1, -1], [0.5]]);
    const [first, second] = clip(clipByNorm(sgd(), 1), [3, -4], [0.5]);
    expect(norm(first ?? [])).toBeCloseTo(1, 6);
    expect(second).toEqual([0.5]);
    const all = clip(clipByGlobalNorm(sgd(), 1), [3, -4], [12]);
    expect(norm(all.flat())).toBeCloseTo(1, 6);
    expect(all[1]?.[0]).toBeCloseTo(12 / 13, 6);
  });

  it('compose from the outside in', () => {
    const both = clipByNorm(clipByValue(sgd(), 1), 5);
    const [gradient] = clip(both, [30, 40]);
    expect(gradient).toEqual([1, 1]);
    expect(both.name).toBe('sgd');
  });

  it('take an empty list of gradients', () => {
    expect(clip(clipByGlobalNorm(sgd(), 1))).toEqual([]);
  });

  it('never lengthen a gradient', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 8 }),
        fc.double({ min: 1e-3, max: 100, noNaN: true }),
        (gradient, limit) => {
          for (const by of [clipByNorm, clipByGlobalNorm]) {
            const [clipped] = clip(by(sgd(), limit), gradient);
            expect(norm(clipped ?? [])).toBeLessThanOrEqual(Math.min(norm(gradient), limit) * 1.00001 + 1e-6);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('maxNorm', () => {
  it("bounds each unit's incoming weights, all axes but the last", () => {
    const optimizer = maxNorm(sgd(), 1);
    const next = updated(optimizer, named([3, 0.1, 4, 0.2], [2, 2]), [0, 0, 0, 0]);
    [0.6, 0.1, 0.8, 0.2].forEach((value, i) => expect(next[i]).toBeCloseTo(value, 6));
    const filter = updated(optimizer, named([3, 0, 0, 4], [2, 2, 1, 1]), [0, 0, 0, 0]);
    expect(norm(filter)).toBeCloseTo(1, 6);
  });

  it('leaves biases, and variables that do not decay, alone', () => {
    const optimizer = maxNorm(sgd(), 1);
    expect(updated(optimizer, named([3, 4], [2]), [0, 0])).toEqual([3, 4]);
    expect(updated(optimizer, named([3, 4], [2, 1], { decay: false }), [0, 0])).toEqual([3, 4]);
  });

  it('leaves weights of 0 at 0', () => {
    expect(updated(maxNorm(sgd(), 1), named([0, 0], [2, 1]), [0, 0])).toEqual([0, 0]);
  });

  it('keeps the tighter of two limits', () => {
    const next = updated(maxNorm(maxNorm(sgd(), 2), 1), named([3, 4], [2, 1]), [0, 0]);
    expect(norm(next)).toBeCloseTo(1, 6);
  });
});

describe('options out of range', () => {
  it.each([
    [() => sgd({ momentum: -1 }), 'sgd: momentum is -1, it must be a number of at least 0'],
    [
      () => sgd({ momentum: 0.9, dampening: Number.NaN }),
      'sgd: dampening is NaN, it must be a number of at least 0',
    ],
    [
      () => sgd({ nesterov: true }),
      'sgd: nesterov requires momentum above 0 and no dampening; momentum is 0, dampening is 0',
    ],
    [() => adam({ beta1: 1 }), 'adam: beta1 is 1, it must be at least 0 and below 1'],
    [() => adamw({ epsilon: 0 }), 'adamw: epsilon is 0, it must be a number above 0'],
    [() => rmsprop({ alpha: 1 }), 'rmsprop: alpha is 1, it must be at least 0 and below 1'],
    [() => rmsprop({ momentum: -1 }), 'rmsprop: momentum is -1, it must be a number of at least 0'],
    [() => adagrad({ initial: -1 }), 'adagrad: initial is -1, it must be a number of at least 0'],
    [() => adagrad({ rateDecay: -1 }), 'adagrad: rateDecay is -1, it must be a number of at least 0'],
    [() => lamb({ epsilon: 0 }), 'lamb: epsilon is 0, it must be a number above 0'],
    [() => lion({ beta2: 1 }), 'lion: beta2 is 1, it must be at least 0 and below 1'],
    [() => clipByNorm(sgd(), 0), 'clipByNorm: limit is 0, it must be a number above 0'],
    [() => maxNorm(sgd(), Number.NaN), 'maxNorm: limit is NaN, it must be a number above 0'],
  ])('%#: %s', (make, message) => {
    expect(make).toThrow(message);
    try {
      make();
    } catch (error) {
      expect(error instanceof EngineError && error.code).toBe('ENGINE_OPTION');
    }
  });
});

// Ten updates by each optimiser on the TF.js cpu backend, beside PyTorch's.
import { readFileSync } from 'node:fs';
import {
  adagrad,
  adam,
  adamw,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  lamb,
  lion,
  maxNorm,
  rmsprop,
  sgd,
  type Optimizer,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { eagerUpdate, type EagerState } from './eager.js';

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
interface Golden {
  readonly inputs: Recorded;
  readonly targets: Recorded;
  readonly initial: Record<string, Recorded>;
  readonly rates: number[];
  readonly cases: Record<
    string,
    { losses: number[]; afterFirst: Record<string, number[]>; afterTenth: Record<string, number[]> }
  >;
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/optimizers.json', import.meta.url), 'utf8'),
) as Golden;

const optimizers: Record<string, Optimizer> = {
  sgd: sgd(),
  'sgd momentum': sgd({ momentum: 0.9 }),
  'sgd nesterov': sgd({ momentum: 0.9, nesterov: true }),
  'sgd dampening': sgd({ momentum: 0.9, dampening: 0.3 }),
  'sgd weight decay': sgd({ momentum: 0.9, weightDecay: 0.05 }),
  adam: adam(),
  'adam other betas': adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }),
  'adam weight decay': adam({ weightDecay: 0.05 }),
  adamw: adamw({ weightDecay: 0.05 }),
  'adam amsgrad': adam({ amsgrad: true, beta2: 0.5, weightDecay: 0.05 }),
  'adamw amsgrad': adamw({ amsgrad: true, beta2: 0.5, weightDecay: 0.05 }),
  rmsprop: rmsprop(),
  'rmsprop momentum': rmsprop({ alpha: 0.9, epsilon: 1e-3, momentum: 0.5, weightDecay: 0.05 }),
  'rmsprop centered': rmsprop({ alpha: 0.9, centered: true }),
  'rmsprop centered momentum': rmsprop({
    alpha: 0.9,
    epsilon: 1e-3,
    momentum: 0.5,
    centered: true,
    weightDecay: 0.05,
  }),
  adagrad: adagrad(),
  'adagrad options': adagrad({ epsilon: 1e-3, initial: 0.5, rateDecay: 0.1, weightDecay: 0.05 }),
  lamb: lamb({ weightDecay: 0.05 }),
  'lamb without decay': lamb({ beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0 }),
  lion: lion(),
  'lion weight decay': lion({ beta1: 0.8, beta2: 0.95, weightDecay: 0.5 }),
  'clip by value': clipByValue(sgd({ momentum: 0.9 }), 0.1),
  'clip by norm': clipByNorm(sgd({ momentum: 0.9 }), 0.2),
  'clip by global norm': clipByGlobalNorm(sgd({ momentum: 0.9 }), 0.3),
  'max norm': maxNorm(sgd({ momentum: 0.9 }), 1.2),
};

function expectClose(state: EagerState, expected: Record<string, number[]>): void {
  for (const [name, values] of Object.entries(expected)) {
    const actual = state.variables.find((variable) => variable.name === name)?.variable.dataSync() ?? [];
    expect(actual.length).toBe(values.length);
    values.forEach((value, i) => {
      const difference = Math.abs((actual[i] as number) - value);
      expect(difference, `${name}[${i}]`).toBeLessThan(2e-6 + 2e-6 * Math.abs(value));
    });
  }
}

describe('optimisers beside PyTorch', () => {
  it('covers every golden case', () => {
    expect(Object.keys(optimizers).sort()).toEqual(Object.keys(golden.cases).sort());
  });

  it.each(Object.entries(golden.cases))('%s: one update and ten agree', async (name, expected) => {
    await tf.setBackend('cpu');
    const state: EagerState = {
      slots: new Map(),
      variables: Object.entries(golden.initial).map(([variable, { shape, data }]) => ({
        name: variable,
        variable: tf.variable(tf.tensor(data, shape)),
      })),
    };
    const of = (variable: string) =>
      state.variables.find((each) => each.name === variable)?.variable as tf.Variable;
    const x = tf.tensor2d(golden.inputs.data, golden.inputs.shape as [number, number]);
    const y = tf.tensor2d(golden.targets.data, golden.targets.shape as [number, number]);
    golden.rates.forEach((rate, i) => {
      const loss = eagerUpdate(optimizers[name] as Optimizer, state, { rate, step: i + 1 }, () => {
        const hidden = tf.tanh(tf.add(tf.matMul(x, of('w1')), of('b1')));
        const output = tf.add(tf.matMul(hidden, of('w2')), of('b2'));
        return tf.mean(tf.squaredDifference(output, y)).asScalar();
      });
      expect(loss).toBeCloseTo(expected.losses[i] as number, 5);
      if (i === 0) expectClose(state, expected.afterFirst);
    });
    expectClose(state, expected.afterTenth);
  });
});

// `gru` and `lstm` beside tf.layers, their masks, and the variables made for them.
import * as tf from '@tensorflow/tfjs';
import {
  createEngine,
  gru,
  gruVariables,
  lstm,
  lstmVariables,
  type NamedVariable,
  randomStream,
  type RecurrentWeights,
} from '@potstill/engine';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { expectAgreement, lossOf, numbers, variableOf } from '../helpers/agree.js';
import { allClose } from '../helpers/close.js';

const onnx = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });
afterAll(async () => {
  await onnx.dispose();
  await cpu.dispose();
});

const features = 3;

function weightsOf(gates: number, units: number, bias: number[]): [RecurrentWeights, NamedVariable[]] {
  const variables = [
    variableOf('kernel', [features, gates * units]),
    variableOf('recurrentKernel', [units, gates * units]),
    variableOf('bias', bias),
  ];
  const [kernel, recurrentKernel, made] = variables.map(({ variable }) => variable as tf.Tensor);
  return [{ kernel, recurrentKernel, bias: made } as RecurrentWeights, variables];
}

describe.each([onnx, cpu])('$backend: beside tf.layers', (engine) => {
  const args = { units: 4, recurrentActivation: 'sigmoid', returnSequences: true } as const;
  const x = numbers('x', [2, 5, features]);

  it.each([
    ['lstm', lstm, tf.layers.lstm(args), 4],
    [
      'gru with resetAfter false',
      (...[given, weights]: Parameters<typeof gru>) => gru(given, weights, { resetAfter: false }),
      tf.layers.gru(args),
      3,
    ],
  ] as const)('%s gives the same from the same weights', async (_, layer, theirs, gates) => {
    const [weights, variables] = weightsOf(gates, 4, [4 * gates]);
    const input = tf.tensor(x.data, [...x.shape]);
    theirs.apply(input);
    theirs.setWeights(variables.map(({ variable }) => variable as tf.Tensor));
    const expected = (theirs.apply(input) as tf.Tensor).dataSync();
    const predictor = await engine.predictor({
      variables,
      forward: (inputs) => ({ outputs: layer(inputs.x as tf.Tensor, weights).outputs }),
    });
    allClose((await predictor.run({ x })).outputs?.data ?? [], expected, { absolute: 1e-6, relative: 1e-5 });
  });
});

describe('gru and lstm', () => {
  const size = fc.integer({ min: 1, max: 4 });

  it('train alike on onnx and cpu, whatever the sizes, masks and directions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ time: size, batch: size, units: size }),
        fc.constantFrom('lstm', 'gru', 'gru before'),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async ({ time, batch, units }, kind, reverse, masked, biased) => {
          const gates = kind === 'lstm' ? 4 : 3;
          const bias = kind === 'gru' ? [2, gates * units] : [gates * units];
          const [all, variables] = weightsOf(gates, units, bias);
          const weights = biased ? all : { kernel: all.kernel, recurrentKernel: all.recurrentKernel };
          const h = variableOf('h', [batch, units]);
          const mask = numbers('mask', [batch, time]);
          await expectAgreement(
            [...variables.slice(0, biased ? 3 : 2), h],
            ({ x, mask: given }) => {
              const options = {
                reverse,
                ...(masked ? { mask: tf.greater(given as tf.Tensor, 0) } : {}),
              };
              const state = h.variable as tf.Tensor;
              if (kind === 'lstm') {
                const results = lstm(x as tf.Tensor, weights, { ...options, state: { c: state } });
                return { loss: lossOf({ outputs: results.outputs, ...results.state }) };
              }
              const results = gru(x as tf.Tensor, weights, {
                ...options,
                state,
                resetAfter: kind === 'gru',
              });
              return { loss: lossOf({ outputs: results.outputs, h: results.state }) };
            },
            { x: numbers('x', [batch, time, features]), mask },
          );
        },
      ),
      { numRuns: 15, seed: 11 },
    );
  });

  it.each([onnx, cpu])('keep the state exactly where the mask is 0, on $backend', async (engine) => {
    const [weights, variables] = weightsOf(3, 4, [2, 12]);
    const [lstmWeights, lstmVariables] = weightsOf(4, 4, [16]);
    const renamed = lstmVariables.map((each) => ({ ...each, name: `lstm/${each.name}` }));
    const mask = {
      dtype: 'int32',
      shape: [2, 6],
      data: Int32Array.of(1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0),
    } as const;
    const predictor = await engine.predictor({
      variables: [...variables, ...renamed],
      forward: ({ x, mask: given }) => {
        const options = { mask: given as tf.Tensor };
        const first = gru(x as tf.Tensor, weights, options);
        const second = lstm(x as tf.Tensor, lstmWeights, options);
        return { gru: first.outputs, lstm: second.outputs, state: first.state, h: second.state.h };
      },
    });
    const results = await predictor.run({ x: numbers('x', [2, 6, features]), mask });
    for (const [layer, last] of [
      ['gru', 'state'],
      ['lstm', 'h'],
    ] as const) {
      const outputs = results[layer]?.data ?? new Float32Array();
      const at = (row: number, step: number): number[] =>
        Array.from(outputs.subarray((row * 6 + step) * 4, (row * 6 + step + 1) * 4), Number);
      expect(at(0, 2)).toEqual(at(0, 1));
      expect(at(0, 3)).toEqual(at(0, 1));
      expect(at(0, 4)).not.toEqual(at(0, 1));
      expect(at(1, 2)).toEqual([0, 0, 0, 0]);
      expect([...at(0, 5), ...at(1, 5)]).toEqual(Array.from(results[last]?.data ?? [], Number));
    }
  });
});

describe('gruVariables and lstmVariables', () => {
  const sizes = { features: 5, units: 6, random: randomStream(4) };

  it.each([
    ['gru', gruVariables('a', sizes), 3, [2, 18]],
    ['gru with resetAfter false', gruVariables('a', { ...sizes, resetAfter: false }), 3, [18]],
    ['lstm', lstmVariables('a', sizes), 4, [24]],
  ] as const)('%s: shapes, names, what decays', (_, { weights, variables }, gates, bias) => {
    expect(variables.map(({ name, variable, decay }) => [name, variable.shape, decay ?? true])).toEqual([
      ['a/kernel', [5, 6 * gates], true],
      ['a/recurrentKernel', [6, 6 * gates], true],
      ['a/bias', bias, false],
    ]);
    expect(Object.values(weights)).toEqual(variables.map(({ variable }) => variable));
  });

  it('begin with a bounded kernel, orthonormal rows, and an open forget gate', () => {
    const { kernel, recurrentKernel, bias } = lstmVariables('a', sizes).weights;
    const limit = Math.sqrt(6 / (5 + 24));
    const largest = Math.max(...kernel.dataSync().map(Math.abs));
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.9 * limit);
    const product = tf.matMul(recurrentKernel, recurrentKernel, false, true);
    allClose(product.dataSync(), tf.eye(6).dataSync(), { absolute: 1e-6, relative: 0 });
    expect(Array.from(bias?.dataSync() ?? [])).toEqual(
      [0, 1, 0, 0].flatMap((x) => Array.from({ length: 6 }, () => x)),
    );
    expect(
      gruVariables('a', sizes)
        .weights.bias?.dataSync()
        .every((x) => x === 0),
    ).toBe(true);
  });

  it('are drawn from the stream: the same again, others under another name', () => {
    const first = (name: string) => gruVariables(name, sizes).weights.kernel.dataSync();
    expect(first('a')).toEqual(first('a'));
    expect(first('a')).not.toEqual(first('b'));
  });
});

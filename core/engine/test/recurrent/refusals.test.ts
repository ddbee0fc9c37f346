// What `scan` and the recurrent layers refuse, and with which words.
import * as tf from '@tensorflow/tfjs';
import {
  bidirectional,
  createEngine,
  type EngineError,
  type Forward,
  gru,
  lstm,
  randomStream,
  scan,
  sgd,
  type TrainingDefinition,
} from '@potstill/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { numbers, variableOf } from '../helpers/agree.js';

const engine = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });
afterAll(async () => {
  await engine.dispose();
  await cpu.dispose();
});

/** The error of a forward pass over x [4, 2, 3]; the same on both backends. */
async function refusal(forward: (x: tf.Tensor) => tf.Tensor): Promise<EngineError> {
  const messages: EngineError[] = [];
  for (const each of [engine, cpu]) {
    const whole: Forward = ({ x }) => ({ y: forward(x as tf.Tensor) });
    const predictor = await each.predictor({ variables: [], forward: whole });
    await predictor.run({ x: numbers('x', [4, 2, 3]) }).then(
      () => expect.fail('nothing was refused'),
      (error: unknown) => messages.push(error as EngineError),
    );
  }
  expect(messages[0]?.message).toBe(messages[1]?.message);
  return messages[0] as EngineError;
}

describe('scan refuses', () => {
  it('sequences of different lengths, none, or a scalar', async () => {
    const cell = () => ({ carry: {}, y: { none: tf.scalar(0) } });
    expect(
      await refusal((x) => scan(cell, { carry: {}, sequences: { x, m: tf.zeros([3, 2]) } }).y.none),
    ).toMatchObject({
      code: 'ENGINE_SHAPE',
      message: 'scan: the sequence `m` is float32[3,2], but `x` has 4 steps',
    });
    expect((await refusal(() => scan(cell, { carry: {}, sequences: {} }).y.none)).message).toBe(
      'scan: there is no sequence to iterate over',
    );
    expect(
      (await refusal(() => scan(cell, { carry: {}, sequences: { s: tf.scalar(1) } }).y.none)).message,
    ).toBe('scan: the sequence `s` is a scalar; its first axis must be time');
  });

  it('a next state of another shape or dtype, a missing one, and one too many', async () => {
    const run = (x: tf.Tensor, next: (h: tf.Tensor) => Record<string, tf.Tensor>) =>
      scan(({ h }: { h: tf.Tensor }) => ({ carry: next(h) as { h: tf.Tensor }, y: {} }), {
        carry: { h: tf.zeros([2, 3]) },
        sequences: { x },
      }).carry.h;
    expect((await refusal((x) => run(x, (h) => ({ h: tf.sum(h, 0) })))).message).toBe(
      'scan: the cell takes carry `h` as float32[2,3] and gives float32[3]',
    );
    expect((await refusal((x) => run(x, (h) => ({ h: tf.cast(h, 'int32') })))).message).toBe(
      'scan: the cell takes carry `h` as float32[2,3] and gives int32[2,3]',
    );
    expect((await refusal((x) => run(x, () => ({})))).message).toBe(
      'scan: the cell takes carry `h` as float32[2,3] and gives no tensor',
    );
    expect((await refusal((x) => run(x, (h) => ({ h, other: h })))).message).toBe(
      'scan: the cell returns carry `other`, which it does not receive',
    );
  });
});

describe('scan refuses while it is recorded', () => {
  const training = async (
    loss: TrainingDefinition['loss'],
    variables = [variableOf('w', [3])],
  ): Promise<EngineError> => {
    const session = await engine.training({ variables, loss, optimizer: sgd(), random: randomStream(1) });
    try {
      await session.train({ x: numbers('x', [4, 2, 3]) }, { rate: 0.1 });
    } catch (error) {
      return error as EngineError;
    }
    return expect.fail('nothing was refused');
  };
  const over = (
    x: tf.Tensor | undefined,
    step: (h: tf.Tensor2D, part: tf.Tensor) => tf.Tensor2D,
  ): tf.Scalar => {
    const { carry } = scan(
      ({ h }: { h: tf.Tensor2D }, { part }: { part: tf.Tensor }) => ({ carry: { h: step(h, part) }, y: {} }),
      {
        carry: { h: tf.zeros([2, 3]) },
        sequences: { part: x as tf.Tensor },
      },
    );
    return tf.sum(carry.h).asScalar();
  };

  it('a variable that the cell was not given, naming the line', async () => {
    const w = variableOf('w', [3]);
    expect(await training(({ x }) => ({ loss: over(x, (h) => tf.mul(h, w.variable)) }), [w])).toMatchObject({
      code: 'ENGINE_OPEN_CELL',
      message: expect.stringContaining(
        'the cell of a scan uses the variable `w`, which it was not given',
      ) as string,
      location: expect.stringContaining('refusals.test.ts') as string,
      hint: expect.stringContaining('`constants`') as string,
    });
  });

  it('a tensor of the step that the cell was not given, even when it only passes it on', async () => {
    const message = expect.stringContaining('uses a tensor from outside (float32[2,3])') as string;
    const outside = (x: tf.Tensor | undefined): tf.Tensor2D => tf.sum(x as tf.Tensor, 0);
    for (const step of [
      (x: tf.Tensor2D) =>
        (h: tf.Tensor2D): tf.Tensor2D =>
          tf.add(h, x),
      (x: tf.Tensor2D) => () => x,
    ])
      expect(await training(({ x }) => ({ loss: over(x, step(outside(x))) }))).toMatchObject({
        code: 'ENGINE_OPEN_CELL',
        message,
      });
  });

  it('random tensors drawn within the cell', async () => {
    expect(
      await training(({ x }, { random }) => ({ loss: over(x, (h) => tf.mul(h, random.uniform([2, 3]))) })),
    ).toMatchObject({ code: 'ENGINE_OPEN_CELL' });
  });

  it('the value of a tensor within the cell', async () => {
    expect(
      await training(({ x }) => ({ loss: over(x, (h) => (h.dataSync()[0] === 0 ? h : tf.neg(h))) })),
    ).toMatchObject({ code: 'ENGINE_HOST_VALUE' });
  });

  it('even when the step catches it', async () => {
    const w = variableOf('w', [3]);
    const caught = ({ x }: { readonly x?: tf.Tensor }): tf.Scalar => {
      try {
        return over(x, (h) => tf.mul(h, w.variable));
      } catch {
        return tf.sum(w.variable).asScalar();
      }
    };
    expect(await training((inputs) => ({ loss: caught(inputs) }), [w])).toMatchObject({
      code: 'ENGINE_OPEN_CELL',
    });
  });

  it('a gradient through a cell that has none, and only then', async () => {
    const w = variableOf('w', [2, 3]);
    const averaged = tf.grad((h: tf.Tensor) =>
      tf.avgPool<tf.Tensor4D>(tf.reshape(h, [1, 2, 3, 1]), 2, 1, 'same'),
    );
    const slopes = (x: tf.Tensor | undefined): tf.Scalar => {
      const { carry } = scan(({ h }: { h: tf.Tensor }) => ({ carry: { h: averaged(h) }, y: {} }), {
        carry: { h: w.variable },
        sequences: { x: x as tf.Tensor },
      });
      return tf.sum(carry.h).asScalar();
    };
    const predictor = await engine.predictor({ variables: [w], forward: ({ x }) => ({ y: slopes(x) }) });
    const got = await predictor.run({ x: numbers('x', [4, 2, 3]) });
    expect(got.y?.shape).toEqual([]);
    expect(await training(({ x }) => ({ loss: slopes(x) }), [w])).toMatchObject({
      code: 'ENGINE_NO_GRADIENT',
      message: 'TF.js has no gradient for AvgPoolGrad',
    });
  });

  it('a gradient of a gradient', async () => {
    const w = variableOf('w', [2, 3]);
    const loss = ({ x }: { readonly x?: tf.Tensor }): tf.Scalar => {
      const inner = (h: tf.Tensor): tf.Scalar =>
        tf
          .sum(
            scan(
              (carry: { h: tf.Tensor }, part: { x: tf.Tensor }) => ({
                carry: { h: tf.mul(carry.h, part.x) },
                y: {},
              }),
              {
                carry: { h },
                sequences: { x: x as tf.Tensor },
              },
            ).carry.h,
          )
          .asScalar();
      return tf.sum(tf.square(tf.grad(inner)(w.variable))).asScalar();
    };
    expect(await training((inputs) => ({ loss: loss(inputs) }), [w])).toMatchObject({
      code: 'ENGINE_NO_GRADIENT',
    });
  });

  it('leaves no tensors behind', async () => {
    const w = variableOf('w', [3]);
    const count = (): number => tf.memory().numTensors;
    const before = count();
    await training(({ x }) => ({ loss: over(x, (h) => tf.mul(h, w.variable)) }), [w]);
    expect(count()).toBe(before);
  });
});

describe('gru and lstm refuse', () => {
  const weights = { kernel: tf.zeros([3, 12]), recurrentKernel: tf.zeros([4, 12]), bias: tf.zeros([2, 12]) };
  const lstmWeights = { kernel: tf.zeros([3, 16]), recurrentKernel: tf.zeros([4, 16]) };

  it.each<[string, string, (x: tf.Tensor) => unknown]>([
    [
      'x of another rank',
      'gru: x is float32[2,3], expected [batch, time, features]',
      () => gru(tf.zeros([2, 3]), weights),
    ],
    [
      'a kernel for other features',
      'gru: the kernel is float32[3,12], expected [5,12]',
      () => gru(tf.zeros([4, 2, 5]), weights),
    ],
    [
      'weights of another layer',
      'lstm: the recurrent kernel is float32[4,12], expected [4,16]',
      (x) => lstm(x, weights),
    ],
    [
      'two biases where there is one',
      'gru: the bias is float32[2,12], expected [12]',
      (x) => gru(x, weights, { resetAfter: false }),
    ],
    [
      'a bias of another size',
      'lstm: the bias is float32[12], expected [16]',
      (x) => lstm(x, { ...lstmWeights, bias: tf.zeros([12]) }),
    ],
    [
      'a mask of another shape',
      'gru: the mask is float32[2,4], expected [4,2]',
      (x) => gru(x, weights, { mask: tf.ones([2, 4]) }),
    ],
    [
      'a state of another shape',
      'lstm: the state c is float32[4,3], expected [4,4]',
      (x) => lstm(x, lstmWeights, { state: { c: tf.zeros([4, 3]) } }),
    ],
  ])('%s', async (_, message, run) => {
    const error = await refusal((x) => run(x) as tf.Tensor);
    expect(error).toMatchObject({ code: 'ENGINE_SHAPE', message });
  });

  it('nothing that fits', () => {
    const { outputs, state } = bidirectional(
      gru(tf.zeros([4, 2, 3]), weights),
      gru(tf.zeros([4, 2, 3]), weights, { reverse: true, mask: tf.ones([4, 2], 'bool') }),
    );
    expect(outputs.shape).toEqual([4, 2, 8]);
    expect([state.forward.shape, state.backward.shape]).toEqual([
      [4, 4],
      [4, 4],
    ]);
  });
});

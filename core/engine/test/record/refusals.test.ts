// What a step may not do while it is recorded, and what the refusal says.
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import {
  createEngine,
  type EngineError,
  type LossTerms,
  type NamedTensors,
  type NamedVariable,
  randomStream,
  sgd,
  type StepContext,
} from '@potstill/engine';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

const made: tf.Variable[] = [];
function variable(shape: number[], name = 'w'): NamedVariable {
  const v = tf.tidy(() => tf.variable(tf.ones(shape)));
  made.push(v);
  return { name, variable: v };
}
afterEach(() => {
  made.splice(0).forEach((v) => v.dispose());
});

type Loss = (inputs: NamedTensors, at: StepContext) => LossTerms;

/** Trains one step and gives the refusal; fails when there is none. Nothing may leak on the way. */
async function refusalOf(loss: Loss, variables: readonly NamedVariable[]): Promise<EngineError> {
  const before = tf.memory();
  const session = await engine.training({ variables, loss, optimizer: sgd(), random: randomStream(1) });
  const inputs = { x: { dtype: 'float32' as const, shape: [2, 3], data: new Float32Array(6).fill(1) } };
  const error = await session.train(inputs, { rate: 0.1 }).then(
    () => expect.fail('the step was accepted'),
    (cause: unknown) => cause as EngineError,
  );
  await session.dispose();
  const after = tf.memory();
  expect([after.numTensors, after.numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
  expect(tf.getBackend()).toBe('cpu');
  return error;
}

const scalarLoss = (x: tf.Tensor): LossTerms => ({ loss: tf.sum<tf.Scalar>(x) });
const here = 'refusals.test.ts';

describe('recording a step', () => {
  it('refuses to give the value of a tensor, naming the line', async () => {
    const w = variable([3]);
    const error = await refusalOf(
      ({ x }) => {
        const y = tf.mul(x as tf.Tensor, w.variable);
        if ((tf.sum(y).dataSync()[0] as number) > 0) return scalarLoss(y);
        return scalarLoss(tf.neg(y));
      },
      [w],
    );
    expect(error.code).toBe('ENGINE_HOST_VALUE');
    expect(error.message).toContain('asks for the value of a tensor while it is recorded');
    expect(error.location).toMatch(/refusals\.test\.ts:\d+:\d+$/);
    expect(error.message).toContain(`at ${error.location}`);
  });

  it('refuses the value of a variable, which would be out of date', async () => {
    const w = variable([3]);
    const error = await refusalOf(
      ({ x }) => {
        w.variable.arraySync();
        return scalarLoss(tf.mul(x as tf.Tensor, w.variable));
      },
      [w],
    );
    expect(error.code).toBe('ENGINE_HOST_VALUE');
  });

  it('refuses a value asked for asynchronously, and one whose refusal was caught', async () => {
    const w = variable([3]);
    const later = await refusalOf(
      ({ x }) => {
        const y = tf.mul(x as tf.Tensor, w.variable);
        void y.data();
        return scalarLoss(y);
      },
      [w],
    );
    expect(later.code).toBe('ENGINE_HOST_VALUE');
    const caught = await refusalOf(
      ({ x }) => {
        const y = tf.mul(x as tf.Tensor, w.variable);
        try {
          y.dataSync();
        } catch {
          return scalarLoss(y);
        }
        return scalarLoss(y);
      },
      [w],
    );
    expect(caught.code).toBe('ENGINE_HOST_VALUE');
  });

  it('gives the values of constants, which are known', async () => {
    const w = variable([3]);
    const seen: number[] = [];
    const session = await engine.training({
      variables: [w],
      optimizer: sgd(),
      random: randomStream(1),
      loss: () => {
        seen.push(...tf.tensor1d([1, 2]).dataSync(), ...tf.zeros([2]).dataSync());
        return scalarLoss(w.variable);
      },
    });
    await session.train({}, { rate: 0 });
    expect(seen).toEqual([1, 2, 0, 0]);
    await session.dispose();
  });

  it.each([
    ['tf.randomUniform', () => tf.randomUniform([3])],
    ['tf.randomNormal', () => tf.randomNormal([3], 0, 1, 'float32', 7)],
    ['tf.truncatedNormal', () => tf.truncatedNormal([3], 0, 1, 'float32', 7)],
    ['tf.dropout', () => tf.dropout(tf.ones([3]), 0.5)],
    ['tf.multinomial', () => tf.multinomial(tf.tensor1d([0.5, 0.5]), 3, 5)],
  ])('refuses %s, naming the step context', async (name, draw) => {
    const w = variable([3]);
    const error = await refusalOf(
      ({ x }) => {
        const noise = draw();
        return scalarLoss(tf.mul(tf.mul(x as tf.Tensor, w.variable), tf.cast(noise, 'float32')));
      },
      [w],
    );
    expect(error.code).toBe('ENGINE_BAKED_RANDOM');
    expect(error.message).toContain(name);
    expect(error.hint).toContain('`random` of the step context');
    expect(error.location).toContain(here);
  });

  it('refuses Math.random and gives it back afterwards', async () => {
    const { random } = Math;
    const w = variable([3]);
    const error = await refusalOf(
      ({ x }) => scalarLoss(tf.mul(tf.mul(x as tf.Tensor, w.variable), Math.random())),
      [w],
    );
    expect(error.code).toBe('ENGINE_BAKED_RANDOM');
    expect(error.message).toContain('Math.random is called');
    expect(error.location).toContain(here);
    expect(Math.random).toBe(random);
  });

  it('refuses large host data made within the step, or captured from outside', async () => {
    const w = variable([3]);
    const values = Float32Array.from({ length: 2048 }, (_, i) => i);
    const inside = await refusalOf(() => {
      const table = tf.tensor(values);
      return scalarLoss(tf.mul(tf.sum(table), w.variable));
    }, [w]);
    expect(inside.code).toBe('ENGINE_BAKED_CONSTANT');
    expect(inside.message).toContain('host data of 2048 elements (float32[2048])');
    expect(inside.location).toContain(here);
    const outside = tf.tensor(values);
    const captured = await refusalOf(() => scalarLoss(tf.mul(tf.sum(outside), w.variable)), [w]);
    expect(captured.code).toBe('ENGINE_BAKED_CONSTANT');
    outside.dispose();
  });

  it('takes small constants, and large ones of equal elements', async () => {
    const w = variable([3]);
    const outside = tf.tensor1d([1, 2, 3]);
    const session = await engine.training({
      variables: [w],
      optimizer: sgd(),
      random: randomStream(1),
      loss: () => ({
        loss: tf.sum<tf.Scalar>(tf.mul(tf.mul(w.variable, outside), tf.mean(tf.fill([2048], 0.5)))),
      }),
    });
    expect((await session.train({}, { rate: 0 })).loss).toBeCloseTo(3, 6);
    await session.dispose();
    outside.dispose();
  });

  it('refuses a variable that the definition does not list, naming it', async () => {
    const w = variable([3]);
    const other = tf.tidy(() => tf.variable(tf.ones([3]), true, 'forgotten'));
    made.push(other);
    const used = await refusalOf(
      ({ x }) => scalarLoss(tf.mul(tf.mul(x as tf.Tensor, w.variable), other)),
      [w],
    );
    expect(used.code).toBe('ENGINE_STATE');
    expect(used.message).toContain('uses the variable `forgotten`');
    expect(used.location).toContain(here);
    const assigned = await refusalOf(
      ({ x }) => {
        other.assign(tf.zeros([3]));
        return scalarLoss(tf.mul(x as tf.Tensor, w.variable));
      },
      [w],
    );
    expect(assigned.message).toContain('assigns the variable `forgotten`');
    expect([...other.dataSync()]).toEqual([1, 1, 1]);
  });

  it('refuses a variable made within the step', async () => {
    const w = variable([3]);
    const error = await refusalOf(
      ({ x }) => {
        const fresh = tf.variable(tf.zeros([3]), true, 'fresh');
        return scalarLoss(tf.add(tf.mul(x as tf.Tensor, w.variable), fresh));
      },
      [w],
    );
    expect(error.code).toBe('ENGINE_STATE');
    expect(error.message).toContain('makes a new variable, `fresh`');
  });

  it('shows the kernels before one that it cannot lower', async () => {
    const w = variable([3]);
    const error = await refusalOf(
      ({ x }) => {
        const y = tf.relu(tf.mul(x as tf.Tensor, w.variable));
        const spectrum = tf.spectral.rfft(y);
        return scalarLoss(tf.real(spectrum));
      },
      [w],
    );
    expect(error.code).toBe('ENGINE_NO_LOWERING');
    expect(error.message).toMatch(/^the TF\.js kernel \w+ has no ONNX lowering\n/);
    expect(error.message).toContain('Relu(x: float32[2,3]) -> float32[2,3]');
    expect(error.message).toMatch(/\n {2}> \w+\(/);
    expect(error.location).toContain(here);
  });

  it('refuses a loss that reaches no trainable variable', async () => {
    const w = variable([3], 'weights');
    const error = await refusalOf(({ x }) => scalarLoss(x as tf.Tensor), [w]);
    expect(error.code).toBe('ENGINE_NO_GRADIENT');
    expect(error.message).toBe('the loss depends on none of the 1 trainable variables (weights)');
  });

  it('names the kernel that TF.js cannot differentiate', async () => {
    const w = variable([3]);
    const error = await refusalOf(
      ({ x }) => {
        const row = tf.sum(tf.mul(x as tf.Tensor, w.variable), 0);
        return scalarLoss(tf.sparseToDense(tf.tensor1d([0, 2, 3], 'int32'), row, [5]));
      },
      [w],
    );
    expect(error.code).toBe('ENGINE_NO_GRADIENT');
    expect(error.message).toContain('SparseToDense');
  });

  it('refuses a loss that is no scalar, and one that is missing', async () => {
    const w = variable([3]);
    const vector = await refusalOf(({ x }) => ({ loss: tf.mul<tf.Scalar>(x as tf.Tensor, w.variable) }), [w]);
    expect(vector.code).toBe('ENGINE_SHAPE');
    expect(vector.message).toBe("the loss function's `loss` is float32[2,3], expected a float32 scalar");
    const none = await refusalOf(() => ({}) as unknown as LossTerms, [w]);
    expect(none.message).toBe('the loss function returned no `loss`');
  });

  it('passes on what the step itself throws', async () => {
    const w = variable([3]);
    const error = await refusalOf(() => {
      throw new TypeError('mine');
    }, [w]);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('mine');
  });
});

describe('a definition', () => {
  it('may not name two variables alike, nor list one twice', async () => {
    const w = variable([3]);
    const definition = (variables: readonly NamedVariable[]) => ({
      variables,
      loss: () => scalarLoss(w.variable),
      optimizer: sgd(),
      random: randomStream(1),
    });
    await expect(engine.training(definition([w, variable([2])]))).rejects.toMatchObject({
      code: 'ENGINE_STATE',
      message: 'two variables have the name `w`',
    });
    await expect(engine.training(definition([w, { ...w, name: 'v' }]))).rejects.toMatchObject({
      message: '`v` and `w` are the same variable',
    });
  });
});

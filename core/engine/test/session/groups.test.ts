// Several optimisers in one training: values by PyTorch, turns, resuming, and what is refused.
import { readFileSync } from 'node:fs';
import {
  adam,
  averaged,
  clipByNorm,
  createEngine,
  dot,
  randomStream,
  sgd,
  type NamedVariable,
  type TrainingDefinition,
  type TrainingSession,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
type Named = Record<string, Recorded>;
interface Golden {
  readonly steps: number;
  readonly data: { readonly x: Recorded; readonly teacher: Recorded; readonly labels: number[] };
  readonly net: Named;
  readonly critic: Named;
  readonly adversarial: Named;
  readonly turns: Named;
  readonly dot: Named;
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/graph.json', import.meta.url), 'utf8'),
) as Golden;

function variablesOf(values: Named): NamedVariable[] {
  return Object.entries(values).map(([name, { data, shape }]) => ({
    name,
    variable: tf.tidy(() => tf.variable(tf.tensor(data, shape))),
  }));
}

const inputs = {
  x: { dtype: 'float32', shape: golden.data.x.shape, data: Float32Array.from(golden.data.x.data) },
  teacher: {
    dtype: 'float32',
    shape: golden.data.teacher.shape,
    data: Float32Array.from(golden.data.teacher.data),
  },
  labels: { dtype: 'int32', shape: [golden.data.labels.length], data: Int32Array.from(golden.data.labels) },
} as const;

function net(variables: readonly NamedVariable[], x: tf.Tensor): tf.Tensor2D {
  const [w1, b1, w2, b2] = variables.map(({ variable }) => variable) as unknown as [
    tf.Tensor2D,
    tf.Tensor,
    tf.Tensor2D,
    tf.Tensor,
  ];
  return tf.add(tf.matMul(tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, w1), b1)), w2), b2);
}

function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor): tf.Scalar {
  const truth = tf.oneHot(labels, 3, 1, 0, 'float32');
  return tf.neg(tf.mean(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), 1)));
}

function divergence(student: tf.Tensor2D, teacher: tf.Tensor2D, t = 2): tf.Scalar {
  const [p, q] = [tf.logSoftmax(tf.div(teacher, t)), tf.logSoftmax(tf.div(student, t))];
  return tf.mul(tf.mean(tf.sum(tf.mul(tf.exp(p), tf.sub(p, q)), 1)), t * t);
}

/** A student that is to fool a critic, which tells its logits from the teacher's. */
function adversarial(
  options: Partial<TrainingDefinition> & { readonly critic?: Partial<{ turns: object }> } = {},
): TrainingDefinition {
  const student = variablesOf(golden.net);
  const judge = variablesOf(golden.critic);
  const score = (logits: tf.Tensor2D): tf.Tensor =>
    tf.add(tf.matMul(logits, judge[0]?.variable as tf.Tensor2D), judge[1]?.variable as tf.Tensor);
  const { critic, ...rest } = options;
  return {
    variables: [...student, ...judge],
    loss({ x, teacher, labels }) {
      const logits = net(student, x as tf.Tensor);
      const loss = tf.add(
        crossEntropy(logits, labels as tf.Tensor),
        tf.mean(tf.softplus(tf.neg(score(logits)))),
      );
      const own = tf.add(
        tf.mean(tf.softplus(tf.neg(score(teacher as tf.Tensor2D)))),
        tf.mean(tf.softplus(score(logits))),
      );
      return { loss: loss as tf.Scalar, own: own as tf.Scalar };
    },
    optimizer: sgd({ momentum: 0.9 }),
    groups: [
      { name: 'critic', variables: ['c', 'd'], optimizer: adam(), minimizes: 'own', ...(critic as object) },
    ],
    random: randomStream(1),
    ...rest,
  };
}

async function trained(
  backend: 'onnx' | 'cpu',
  definition: TrainingDefinition,
  body: (session: TrainingSession) => Promise<void> = async (session) => {
    for (let step = 0; step < golden.steps; step++)
      await session.train(inputs, { rate: 0.1, rates: { critic: 0.02 } });
  },
) {
  const engine = await createEngine({ backend, threads: 1 });
  try {
    const session = await engine.training(definition);
    await body(session);
    return await session.snapshot();
  } finally {
    await engine.dispose();
  }
}

function expectClose(got: Awaited<ReturnType<typeof trained>>, expected: Named): void {
  for (const [name, { data }] of Object.entries(expected))
    data.forEach((value, i) => expect(got.variables[name]?.data[i], `${name}[${i}]`).toBeCloseTo(value, 5));
}

describe.each(['onnx', 'cpu'] as const)('on %s, two optimisers', (backend) => {
  it('train from one forward pass as in PyTorch: each minimises its own loss', async () => {
    expectClose(await trained(backend, adversarial()), golden.adversarial);
  });

  it('take turns, and an optimiser counts its own updates', async () => {
    const definition = adversarial({
      turns: { every: 3, from: 1, to: 3 },
      critic: { turns: { every: 3, from: 0, to: 1 } },
    });
    expectClose(await trained(backend, definition), golden.turns);
  });

  it('resume to the same bytes, in the middle of a period', async () => {
    const make = () =>
      adversarial({
        turns: { every: 3, from: 1, to: 3 },
        critic: { turns: { every: 3, from: 0, to: 1 } },
      });
    const whole = await trained(backend, make());
    const half = await trained(backend, make(), async (session) => {
      for (let step = 0; step < 4; step++)
        await session.train(inputs, { rate: 0.1, rates: { critic: 0.02 } });
    });
    const resumed = await trained(backend, make(), async (session) => {
      await session.restore(half);
      for (let step = 4; step < golden.steps; step++)
        await session.train(inputs, { rate: 0.1, rates: { critic: 0.02 } });
    });
    expect(resumed).toEqual(whole);
  });
});

describe.each(['onnx', 'cpu'] as const)('on %s, distillation-oriented momentum', (backend) => {
  it('keeps a velocity for each of the two losses, as algorithm 1 does', async () => {
    const student = variablesOf(golden.net);
    const state = await trained(backend, {
      variables: student,
      loss({ x, teacher, labels }) {
        const logits = net(student, x as tf.Tensor);
        const task = crossEntropy(logits, labels as tf.Tensor);
        const distillation = divergence(logits, teacher as tf.Tensor2D);
        return { loss: tf.add<tf.Scalar>(task, distillation), task, distillation };
      },
      optimizer: dot(),
      random: randomStream(1),
    });
    expectClose(state, golden.dot);
  });
});

describe('groups', () => {
  const refusal = async (definition: TrainingDefinition) => {
    const engine = await createEngine({ backend: 'cpu' });
    try {
      const session = await engine.training(definition);
      await session.train(inputs, { rate: 0.1 });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await engine.dispose();
    }
  };
  const group = (change: object) => {
    const definition = adversarial();
    return { ...definition, groups: [{ ...definition.groups?.[0], ...change }] } as TrainingDefinition;
  };

  it('are refused where they cannot be trained', async () => {
    expect(await refusal(group({ variables: ['c', 'e'] }))).toBe(
      'the group `critic` names the variable `e`, which the definition does not have',
    );
    const twice = adversarial();
    expect(
      await refusal({
        ...twice,
        groups: [...(twice.groups ?? []), { name: 'other', variables: ['c'], optimizer: sgd() }],
      }),
    ).toBe('the variable `c` is in the groups `critic` and `other`');
    expect(await refusal(group({ turns: { every: 2, from: 1, to: 3 } }))).toContain(
      'the group `critic`: the turns are from 1 to 3 of every 2',
    );
    expect(await refusal(group({ minimizes: 'nothing' }))).toBe(
      'the group `critic` minimizes `nothing`, which the loss function does not return; it returns loss, own',
    );
    expect(await refusal(group({ optimizer: dot() }))).toContain('minimizes `task`');
    expect(await refusal({ ...adversarial(), optimizer: dot(), accumulate: 2 })).toContain(
      'the optimizer dot takes the gradients of terms apart',
    );
    expect(await refusal({ ...adversarial(), optimizer: clipByNorm(dot(), 1) })).toContain(
      'which cannot be clipped together',
    );
  });

  it('discard the step where the term that one minimises is not finite', async () => {
    const definition = adversarial();
    const spoilt: TrainingDefinition = {
      ...definition,
      loss(given, at) {
        const terms = definition.loss(given, at) as { loss: tf.Scalar; own: tf.Scalar };
        return { ...terms, own: tf.div<tf.Scalar>(terms.own, tf.sub(given.zero as tf.Tensor, 0)) };
      },
    };
    for (const backend of ['onnx', 'cpu'] as const) {
      const state = await trained(backend, spoilt, async (session) => {
        const zero = { dtype: 'float32', shape: [], data: Float32Array.of(0) } as const;
        expect(await session.train({ ...inputs, zero }, { rate: 0.1 })).toMatchObject({ finite: false });
      });
      expect(state.step).toBe(0);
    }
  });

  it('are left out of averages that only the other optimiser keeps', async () => {
    const definition = { ...adversarial(), optimizer: averaged(sgd(), 0.5) };
    const engine = await createEngine({ backend: 'cpu' });
    const session = await engine.training(definition);
    await session.train(inputs, { rate: 0.1 });
    const { variables, slots } = await session.snapshot();
    await session.sync({ weights: 'average' });
    const critic = definition.variables.find(({ name }) => name === 'c')?.variable;
    expect(Array.from(critic?.dataSync() ?? [])).toEqual(Array.from(variables.c?.data ?? [1]));
    expect(slots['w1/average']).toBeDefined();
    expect(slots['c/average']).toBeUndefined();
    await engine.dispose();
  });
});

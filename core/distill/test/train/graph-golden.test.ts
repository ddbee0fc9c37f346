// Teachers in the step and balanced losses beside PyTorch's loops: weights after some updates.
import { readFileSync } from 'node:fs';
import {
  adam,
  createEngine,
  dot,
  randomStream,
  sgd,
  type NamedVariable,
  type Optimizer,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Batch, GraphTeacher, Loss, Student, Teacher } from 'potstill';
import { crossEntropy } from '../../src/losses/labels/cross-entropy.js';
import { softTargets } from '../../src/losses/logits/soft-targets.js';
import { classWise } from '../../src/losses/schemes/class-wise.js';
import { certainty, negativeEntropy } from '../../src/losses/schemes/dafl.js';
import { disagreement } from '../../src/losses/schemes/zskt.js';
import { disturbed } from '../../src/teach/graph/noisy.js';
import { teacherComponents } from '../../src/teach/index.js';
import { makeBalance, type Balance } from '../../src/train/balance.js';
import { definitionOf } from '../../src/train/definition.js';
import { createObjective, type WeightedLoss } from '../../src/train/objective.js';
import { makeComponent } from '../support/make-component.js';

interface Recorded {
  readonly shape: number[];
  readonly data: number[];
}
type Named = Record<string, Recorded>;
interface Golden {
  readonly steps: number;
  readonly data: { readonly x: Recorded; readonly teacher: Recorded; readonly labels: number[] };
  readonly net: Named;
  readonly other: Named;
  readonly meanTeacher: { readonly student: Named; readonly teacher: Named };
  readonly adversarial: Named;
  readonly critic: Named;
  readonly dot: Named;
  readonly uncertainty: Named;
  readonly gradnorm: Named;
  readonly made: {
    readonly student: Recorded;
    readonly certainty: { readonly value: number; readonly gradient: Recorded };
    readonly negativeEntropy: { readonly value: number; readonly gradient: Recorded };
    readonly disagreement: { readonly value: number; readonly student: Recorded; readonly teacher: Recorded };
  };
  readonly classWise: { readonly value: number; readonly gradient: Recorded };
  readonly mutual: { readonly student: Named; readonly peer: Named };
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/graph.json', import.meta.url), 'utf8'),
) as Golden;

function netOf(values: Named): Student {
  const variables = Object.entries(values).map(([name, { data, shape }]): NamedVariable => ({
    name,
    variable: tf.tidy(() => tf.variable(tf.tensor(data, shape))),
  }));
  const [w1, b1, w2, b2] = variables.map(({ variable }) => variable) as unknown as [
    tf.Tensor2D,
    tf.Tensor,
    tf.Tensor2D,
    tf.Tensor,
  ];
  return {
    outputs: { logits: { dtype: 'float32', shape: [3] } },
    variables,
    forward: ({ x }) => ({
      logits: tf.add(tf.matMul(tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, w1), b1)), w2), b2),
    }),
  };
}

const floats = ({ data, shape }: Recorded) =>
  ({ dtype: 'float32', shape, data: Float32Array.from(data) }) as const;
const batch: Batch = {
  size: 6,
  indices: [0, 1, 2, 3, 4, 5],
  tensors: {
    x: floats(golden.data.x),
    label: { dtype: 'int32', shape: [6], data: Int32Array.from(golden.data.labels) },
  },
};

const hard: Loss = {
  needs: { student: ['logits'], teacher: [], batch: ['label'] },
  compute: ({ student, batch: { label } }) => crossEntropy(student.logits as tf.Tensor, label as tf.Tensor),
};
const soft: Loss = {
  needs: { student: ['logits'], teacher: ['logits'], batch: [] },
  compute: ({ student, teacher }) =>
    softTargets(student.logits as tf.Tensor, teacher.logits as tf.Tensor, { temperature: 2 }),
};

async function trained(
  student: Student,
  losses: readonly WeightedLoss[],
  graph?: GraphTeacher,
  { balance, optimizer = sgd({ momentum: 0.9 }) }: { balance?: Balance; optimizer?: Optimizer } = {},
) {
  const objective = createObjective(student, ['x'], losses, graph, balance);
  const session = await engine.training(definitionOf(objective, { optimizer, random: randomStream(1) }));
  try {
    for (let step = 0; step < golden.steps; step++) {
      const at = { step, steps: golden.steps, stepsPerEpoch: golden.steps };
      const answers = graph ? {} : { logits: floats(golden.data.teacher) };
      await session.train(objective.feed(batch, answers, at), { rate: 0.1, rates: objective.rates(at) });
    }
    return (await session.snapshot()).variables;
  } finally {
    await session.dispose();
  }
}

function expectClose(got: Awaited<ReturnType<typeof trained>>, prefix: string, expected: Named): void {
  for (const [name, { data }] of Object.entries(expected))
    data.forEach((value, i) =>
      expect(got[prefix + name]?.data[i], `${prefix}${name}[${i}]`).toBeCloseTo(value, 5),
    );
}

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.dispose());

async function graphOf(
  name: string,
  options: Record<string, unknown>,
  model: Student,
): Promise<GraphTeacher> {
  const context = {
    data: { spec: {}, inputs: ['x'], fingerprint: '' },
    student: { model, inputs: ['x'], another: () => Promise.resolve(netOf(golden.other)) },
  };
  const made = (await makeComponent(teacherComponents, name, options, context, { engine })) as Teacher;
  if (!made.graph) throw new Error(`${name} has no graph`);
  return made.graph;
}

describe('teachers in the step', () => {
  it('a mean teacher follows as the authors’ code does, and no gradient flows into it', async () => {
    const student = netOf(golden.net);
    const graph = await graphOf('mean-teacher', { decay: 0.7 }, student);
    const state = await trained(
      student,
      [
        { name: 'hard', loss: hard, weight: 1 },
        { name: 'soft', loss: soft, weight: 1 },
      ],
      graph,
    );
    expectClose(state, '', golden.meanTeacher.student);
    expectClose(state, 'teacher/weights/', golden.meanTeacher.teacher);
  });

  it('peers learn from each other as in deep mutual learning', async () => {
    const student = netOf(golden.net);
    const graph = await graphOf('peers', {}, student);
    const state = await trained(
      student,
      ['student', 'peer-1'].flatMap((learner): WeightedLoss[] => [
        { name: `hard@${learner}`, loss: hard, weight: 1, learner },
        {
          name: `soft@${learner}`,
          loss: soft,
          weight: 0.5,
          learner,
          facing: learner === 'student' ? 'peer-1' : 'student',
        },
      ]),
      graph,
    );
    expectClose(state, '', golden.mutual.student);
    expectClose(state, 'peers/peer-1/', golden.mutual.peer);
  });
});

const pair = (weight: number): WeightedLoss[] => [
  { name: 'hard', loss: hard, weight: 1 },
  { name: 'soft', loss: soft, weight },
];

describe('class-wise self-distillation', () => {
  it('has the value and gradient of PyTorch, and no gradient in the second of a pair', () => {
    const { data, shape } = golden.data.teacher;
    const { value, grad } = tf.valueAndGrad((z: tf.Tensor) => classWise(z, 4))(tf.tensor(data, shape));
    expect(value.dataSync()[0]).toBeCloseTo(golden.classWise.value, 5);
    const gradient = grad.dataSync();
    golden.classWise.gradient.data.forEach((each, i) => expect(gradient[i], `${i}`).toBeCloseTo(each, 6));
  });

  it('is 0 for a single example', () => {
    expect(classWise(tf.tensor2d([[1, 2]]), 4).dataSync()[0]).toBe(0);
  });
});

describe('methods without data', () => {
  const v = () => tf.tensor(golden.data.teacher.data, golden.data.teacher.shape);
  const close = (got: tf.Tensor, { data }: Recorded) =>
    got.dataSync().forEach((value, i) => expect(value, `${i}`).toBeCloseTo(data[i] as number, 6));

  it.each([
    ['certainty', certainty],
    ['negativeEntropy', negativeEntropy],
  ] as const)('%s has the value and gradient of PyTorch', (name, term) => {
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => term(x))(v());
    expect(value.dataSync()[0]).toBeCloseTo(golden.made[name].value, 5);
    close(grad, golden.made[name].gradient);
  });

  it('the generator of ZSKT learns through student and teacher', () => {
    const { student, disagreement: expected } = golden.made;
    const z = tf.tensor(student.data, student.shape);
    const { value, grads } = tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor) => disagreement(a, b))([z, v()]);
    expect(value.dataSync()[0]).toBeCloseTo(expected.value, 5);
    close(grads[0] as tf.Tensor, expected.student);
    close(grads[1] as tf.Tensor, expected.teacher);
  });

  it('a noisy teacher disturbs its share of the examples, by shares of their logits', () => {
    const random = {
      keepMask: () => tf.scalar(1),
      uniform: () => tf.tensor2d([[0.1], [0.9], [0.4]]),
      normal: () =>
        tf.tensor2d([
          [1, -1],
          [1, 1],
          [2, 0],
        ]),
    };
    const got = disturbed(
      tf.tensor2d([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      0.5,
      0.5,
      { random },
    );
    expect(Array.from(got.dataSync())).toEqual([1.5, 1, 3, 4, 10, 6]);
  });
});

describe('losses', () => {
  it('train variables of their own by another optimiser for another aim', async () => {
    const student = netOf(golden.net);
    const variables = netOf({ ...golden.net, ...golden.critic }).variables.slice(4);
    const [c, d] = variables.map(({ variable }) => variable) as [tf.Variable, tf.Variable];
    const score = (logits: tf.Tensor | undefined) =>
      tf.add(tf.matMul(logits as tf.Tensor2D, c as tf.Tensor2D), d);
    const critic: Loss = {
      needs: { student: ['logits'], teacher: ['logits'], batch: [] },
      variables,
      training: { rate: 0.02 },
      compute: ({ student: { logits } }) => tf.mean<tf.Scalar>(tf.softplus(tf.neg(score(logits)))),
      own: ({ student: z, teacher: v }) =>
        tf.add<tf.Scalar>(
          tf.mean(tf.softplus(tf.neg(score(v.logits)))),
          tf.mean(tf.softplus(score(z.logits))),
        ),
    };
    const state = await trained(student, [
      { name: 'hard', loss: hard, weight: 1 },
      { name: 'critic', loss: critic, weight: 1, optimizer: adam() },
    ]);
    const { c: judge, d: bias, ...net } = golden.adversarial as Required<Named>;
    expectClose(state, '', net);
    expectClose(state, 'losses/critic/', { c: judge as Recorded, d: bias as Recorded });
  });

  it('have momenta of their own under `dot`', async () => {
    expectClose(await trained(netOf(golden.net), pair(1), undefined, { optimizer: dot() }), '', golden.dot);
  });

  it('balance by uncertainty', async () => {
    const student = netOf(golden.net);
    const balance = makeBalance({ by: 'uncertainty' }, ['hard', 'soft'], student);
    const { s, ...net } = golden.uncertainty;
    const state = await trained(student, pair(0.5), undefined, { balance });
    expectClose(state, '', net);
    ['hard', 'soft'].forEach((name, i) =>
      expect(state[`balance/${name}`]?.data[0]).toBeCloseTo(s?.data[i] as number, 5),
    );
  });

  it('balance by the norms of their gradients', async () => {
    const student = netOf(golden.net);
    const balance = makeBalance({ by: 'gradnorm', alpha: 1.5, rate: 0.05 }, ['hard', 'soft'], student);
    const { weights, ...net } = golden.gradnorm;
    const state = await trained(student, pair(0.5), undefined, { balance });
    expectClose(state, '', net);
    ['hard', 'soft'].forEach((name, i) =>
      expect(state[`balance/${name}`]?.data[0]).toBeCloseTo(weights?.data[i] as number, 5),
    );
  });
});

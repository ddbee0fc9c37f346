// The teacher `ensemble`: pools, weights, classes that differ, answers kept a member.
import { rm } from 'node:fs/promises';
import { randomStream, type Engine } from '@potstill/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  definePlugin,
  teacher,
  teacherComponents,
  type Batch,
  type DataDescription,
  type HostTensor,
  type RunEvent,
  type Teacher,
} from 'potstill';
import { makeComponent } from 'potstill/testing';
import { z } from 'zod';
import { listStored } from '../../src/store/index.js';
import { Workplace } from '../run/tiny.js';
import { refusal } from './models.js';

/** Probabilities that are the same for every example, or for each example in turn. */
const fixed = definePlugin({
  name: 'fixed',
  version: '1.0.0',
  potstill: '*',
  components: [
    teacher('fixed/answers', {
      help: 'says what it is told to say',
      options: z.strictObject({
        p: z.array(z.array(z.number())),
        labels: z.array(z.string()).optional(),
        shift: z.number().default(0),
      }),
      create({ p, labels, shift }): Teacher {
        const width = p[0]?.length ?? 0;
        return {
          outputs: { logits: { dtype: 'float32', shape: [width] }, id: { dtype: 'int32', shape: [] } },
          fingerprint: JSON.stringify([p, shift]),
          ...(labels ? { labels } : {}),
          label: ({ size, indices }: Batch) =>
            Promise.resolve({
              logits: {
                dtype: 'float32',
                shape: [size, width],
                data: Float32Array.from(
                  indices.flatMap((i) => (p[i % p.length] ?? []).map((value) => Math.log(value) + shift)),
                ),
              },
              id: { dtype: 'int32', shape: [size], data: Int32Array.from(indices) },
            }),
          dispose: () => Promise.resolve(),
        };
      },
    }),
  ],
});

const labels = ['a', 'b', 'c'];
const data: DataDescription = {
  spec: {
    x: { dtype: 'float32', shape: [1] },
    label: { dtype: 'int32', shape: [] },
    language: { dtype: 'int32', shape: [] },
  },
  inputs: ['x'],
  target: 'label',
  labels,
  fingerprint: 'd',
};

function batch(size: number, truth: readonly number[] = [], languages: readonly number[] = []): Batch {
  const ints = (values: readonly number[]): HostTensor => ({
    dtype: 'int32',
    shape: [size],
    data: Int32Array.from({ length: size }, (_, i) => values[i] ?? 0),
  });
  return {
    size,
    indices: Array.from({ length: size }, (_, i) => i),
    tensors: { label: ints(truth), language: ints(languages) },
  };
}

const component = teacherComponents.find(({ name }) => name === 'ensemble');
function open(options: Record<string, unknown>, held?: Batch, events: RunEvent[] = []): Promise<Teacher> {
  if (!component) throw new Error('no teacher `ensemble`');
  const read = async function* (part: string) {
    if (held && part === 'validation') yield Promise.resolve(held);
  };
  return makeComponent('teacher', component, { data, read }, { options, plugins: [fixed], events });
}

async function probabilities(made: Teacher, about = batch(1)): Promise<number[]> {
  const { logits } = await made.label(about);
  const exps = [...(logits?.data ?? [])].map(Math.exp);
  return exps.map((value, i) => {
    const row = Math.floor(i / 3) * 3;
    return value / exps.slice(row, row + 3).reduce((sum, each) => sum + each, 0);
  });
}

const close = (given: readonly number[], wanted: readonly number[]) => {
  expect(given.length).toBe(wanted.length);
  wanted.forEach((value, i) => expect(given[i]).toBeCloseTo(value, 5));
};

const says = (...p: number[][]) => ({ use: 'fixed/answers', p, labels });
const first = says([0.7, 0.2, 0.1]);
const second = says([0.1, 0.3, 0.6]);

describe('an ensemble combines its members', () => {
  it.each<[string, number[]]>([
    ['arithmetic', [0.4, 0.25, 0.35]],
    [
      'geometric',
      [Math.sqrt(0.07), Math.sqrt(0.06), Math.sqrt(0.06)].map(
        (v) => v / (Math.sqrt(0.07) + 2 * Math.sqrt(0.06)),
      ),
    ],
    ['confidence', [0.7, 0.2, 0.1]],
    ['vote', [0.5, 0, 0.5]],
  ])('by the rule %s', async (combine, wanted) => {
    close(await probabilities(await open({ members: { one: first, two: second }, combine })), wanted);
  });

  it('by the mean of the scores as they are', async () => {
    const made = await open({
      members: { one: { ...first, shift: 3 }, two: second },
      combine: 'logits',
    });
    const { logits } = await made.label(batch(1));
    close(
      [...(logits?.data ?? [])],
      [0, 1, 2].map((c) => 1.5 + (Math.log(first.p[0]?.[c] ?? 0) + Math.log(second.p[0]?.[c] ?? 0)) / 2),
    );
  });

  it('by weights: fixed, by class, by a group of the data', async () => {
    close(
      await probabilities(await open({ members: { one: { teacher: first, weight: 3 }, two: second } })),
      [0.55, 0.225, 0.225],
    );
    // 0.7, (0.2 + 0.3) / 2, (0.1 + 0.6) / 2, brought to one.
    const byClass = { teacher: second, weight: { classes: { a: 0 } } };
    close(
      await probabilities(await open({ members: { one: first, two: byClass } })),
      [0.7, 0.25, 0.35].map((value) => value / 1.3),
    );
    const byGroup = { teacher: second, weight: { by: 'language', groups: { 1: 0 } } };
    close(
      await probabilities(await open({ members: { one: first, two: byGroup } }), batch(2, [], [0, 1])),
      [0.4, 0.25, 0.35, 0.7, 0.2, 0.1],
    );
  });

  it('gives what each member answers, too', async () => {
    const made = await open({ members: { one: first, two: second } });
    expect(Object.keys(made.outputs)).toEqual(['logits', 'one/logits', 'one/id', 'two/logits', 'two/id']);
    const answers = await made.label(batch(2));
    expect(Object.keys(answers).sort()).toEqual(Object.keys(made.outputs).sort());
    expect([...(answers['two/id']?.data ?? [])]).toEqual([0, 1]);
  });

  it('takes a random member for each batch of training, the same whenever that batch comes', async () => {
    const made = await open({ members: { one: first, two: second }, combine: 'random' });
    close(await probabilities(made), [0.4, 0.25, 0.35]);
    const chosen = async (from: number) => {
      const asked = { ...batch(2), indices: [from, from + 1] };
      const answers: Record<string, Awaited<ReturnType<Teacher['label']>>> = {};
      for (const [name, member] of Object.entries(made.combination?.members ?? {}))
        answers[name] = await member.label(asked);
      const { logits } = made.combination?.combine(answers, asked) ?? {};
      return (logits?.data[0] ?? NaN) > (logits?.data[2] ?? NaN) ? 'one' : 'two';
    };
    const all = [];
    for (let from = 0; from < 40; from++) all.push(await chosen(from));
    expect(new Set(all)).toEqual(new Set(['one', 'two']));
    expect(await chosen(7)).toBe(all[7]);
  });
});

describe('members with other classes', () => {
  const wide = (p: number[], names: string[]) => ({ use: 'fixed/answers', p: [p], labels: names });

  it('are mapped by name and by a table; several classes that mean one are summed, others are dropped', async () => {
    const made = await open({
      members: {
        one: {
          teacher: wide([0.1, 0.2, 0.3, 0.2, 0.2], ['other', 'c', 'a1', 'b', 'a2']),
          map: { a1: 'a', a2: 'a' },
        },
      },
    });
    close(await probabilities(made), [5 / 9, 2 / 9, 2 / 9]);
  });

  it('count for what they know with the probability that the others give it, which is said', async () => {
    const events: RunEvent[] = [];
    const made = await open(
      { members: { one: first, two: wide([0.25, 0.75], ['a', 'b']) } },
      undefined,
      events,
    );
    // `two` shares 0.9 out as 1 : 3; c is for `one` alone.
    const wanted = [(0.7 + 0.225) / 2, (0.2 + 0.675) / 2, 0.1];
    const sum = wanted.reduce((all, value) => all + value, 0);
    close(
      await probabilities(made),
      wanted.map((value) => value / sum),
    );
    expect(events).toEqual([
      {
        event: 'warning',
        code: 'TEACHER_CLASSES',
        message: 'the member `two` does not know c: the others alone decide about it',
      },
    ]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'a class that the member lacks',
      { one: { teacher: first, map: { z: 'a' } } },
      'has no class `z`; it has a, b, c',
    ],
    [
      'a class that the data lack',
      { one: { teacher: first, map: { a: 'z' } } },
      'mapped to `z`, which is no class of the data',
    ],
    [
      'nothing in common',
      { one: wide([0.5, 0.5], ['x', 'y']) },
      'has no class in common with the data: it has x, y',
    ],
    ['a class that nobody knows', { one: wide([0.5, 0.5], ['a', 'b']) }, 'no member knows the class `c`'],
    [
      'classes without names in another number',
      { one: { use: 'fixed/answers', p: [[0.5, 0.5]] } },
      'has 2 classes without names, and 3 are wanted',
    ],
    [
      'a weight for a class that is none',
      { one: { teacher: first, weight: { classes: { z: 1 } } } },
      'has a weight for the class `z`',
    ],
    [
      'a group field that is none',
      { one: { teacher: first, weight: { by: 'speaker', groups: {} } } },
      'have no field `speaker`',
    ],
  ])('are refused: %s', async (_, members, words) => {
    const error = await refusal(open({ members }));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(words);
    expect(error.records[0].path).toBe('teacher.members');
  });
});

describe('weights that are learnt on held-out data', () => {
  // `good` is right in two of three, `bad` never.
  const good = says([0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]);
  const bad = says([0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]);
  const truth = Array.from({ length: 120 }, (_, i) => (i % 10 === 0 ? (i + 1) % 3 : i % 3));
  const members = { good, bad };

  it.each(['arithmetic', 'geometric', 'logits'])('favour the member that is right (%s)', async (combine) => {
    const learnt = await open({ members, combine, learn: true }, batch(120, truth));
    const even = await open({ members, combine });
    const share = async (made: Teacher) => (await probabilities(made))[0] ?? 0;
    expect(await share(learnt)).toBeGreaterThan((await share(even)) + 0.1);
  });

  it('are the best ones: no other weight gives the labels a higher probability', async () => {
    const held = batch(120, truth);
    const likelihood = async (made: Teacher) => {
      const all = await probabilities(made, held);
      return truth.reduce((sum, label, i) => sum + Math.log(all[3 * i + label] ?? 0), 0);
    };
    for (const combine of ['arithmetic', 'geometric']) {
      const best = await likelihood(await open({ members, combine, learn: true }, held));
      for (const weight of [0.05, 0.1, 0.2, 0.4, 0.7, 1]) {
        const other = { good: { teacher: good, weight: 1 - weight }, bad: { teacher: bad, weight } };
        expect(best).toBeGreaterThan((await likelihood(await open({ members: other, combine }))) - 1e-3);
      }
    }
  });

  it('may differ by group', async () => {
    const languages = truth.map((_, i) => (i < 60 ? 0 : 1));
    // In language 1, `bad` is the one that is right.
    const other = truth.map((label, i) => (i < 60 ? label : (i + 1) % 3));
    const made = await open({ members, learn: { by: 'language' } }, batch(120, other, languages));
    const all = await probabilities(made, batch(2, [], [0, 1]));
    expect(all[0]).toBeGreaterThan(0.6);
    // Example 1 in language 1: `bad` says c.
    expect(all[5]).toBeGreaterThan(0.6);
  });

  it.each<[string, Record<string, unknown>, Batch | undefined, string]>([
    ['without validation data', { learn: true }, undefined, 'the recipe has none'],
    ['for a vote', { learn: true, combine: 'vote' }, batch(3, truth), 'cannot be learnt for `combine: vote`'],
  ])('are refused %s', async (_, options, held, words) => {
    const error = await refusal(open({ members, ...options }, held));
    expect(error.message).toContain(words);
    expect(error.records[0].path).toBe('teacher.learn');
  });
});

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

describe.skipIf(!dataFolder)('an ensemble of published models', () => {
  it('answers with the mean of what they answer, mapped to the classes of the data', async () => {
    const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
    const wanted = ['dog', 'ship', 'cat', 'vehicle'];
    const image = { dtype: 'float32', shape: [3, 32, 32] } as const;
    const context = {
      data: { spec: { image }, inputs: ['image'], labels: wanted, fingerprint: 'cifar' },
    };
    const member = (size: number) => ({
      use: 'onnx',
      model: `data:models/cifar10-resnet/resnet${size}.onnx`,
      outputs: { logits: 'logits' },
      labels: names,
    });
    const map = { automobile: 'vehicle', truck: 'vehicle' };
    if (!component) throw new Error('no teacher `ensemble`');
    const engine = { threads: 1 } as Engine;
    const made = await makeComponent('teacher', component, context, {
      options: { members: { small: { teacher: member(20), map }, large: { teacher: member(56), map } } },
      services: { engine },
    });
    expect(made.parameters).toBeGreaterThan(1_000_000);
    const values = randomStream(5).normal(4 * 3 * 32 * 32);
    const images = {
      size: 4,
      indices: [0, 1, 2, 3],
      tensors: { image: { dtype: 'float32', shape: [4, 3, 32, 32], data: values } },
    } as const;
    const answers = await made.label(images);
    await made.dispose();
    const classes = [[5], [8], [3], [1, 9]];
    for (let row = 0; row < 4; row++) {
      const shares = ['small', 'large'].map((name) => {
        const own = answers[`${name}/logits`]?.data.subarray(10 * row, 10 * row + 10) ?? [];
        const parts = classes.map((from) => from.reduce((sum, at) => sum + Math.exp(own[at] ?? NaN), 0));
        return parts.map((part) => part / parts.reduce((all, each) => all + each, 0));
      });
      classes.forEach((_, at) => {
        const mean = ((shares[0]?.[at] ?? 0) + (shares[1]?.[at] ?? 0)) / 2;
        expect(Math.exp(answers.logits?.data[4 * row + at] ?? NaN)).toBeCloseTo(mean, 5);
      });
    }
  });
});

describe('an ensemble in a run', () => {
  let place: Workplace;
  beforeEach(async () => {
    place = await Workplace.make();
    place.known.set('fixed', fixed);
  });
  afterEach(() => rm(place.folder, { recursive: true, force: true }));

  it('asks nobody anew when it is weighted in another way', async () => {
    const run = (weight: number, more: string[] = []) =>
      place.run('student.yaml', {
        set: [
          'plugins=[tiny, fixed]',
          `teacher={use: ensemble, members: {one: {teacher: {use: tiny/teacher}, weight: ${weight}}, two: {use: fixed/answers, p: [[0.2, 0.3, 0.5]], labels: [a, b, c]}}}`,
          'train.epochs=1',
          'baseline=false',
          'preflight={enabled: false}',
          ...more,
        ],
      });
    await run(1);
    const about = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0);
    const before = about(place.asked.batches.splice(0));
    await run(2);
    const after = about(place.asked.batches.splice(0));
    // All training examples are read from the store; what is left is evaluation and the time of one example.
    expect(before - after).toBe(70);
    const stored = await listStored(`${place.runs}/.teacher-store`);
    expect(stored.length).toBe(2);
  });
});

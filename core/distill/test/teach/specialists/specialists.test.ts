// The teacher `specialists`: who is heard about which example, dustbins, classes, answers kept a member.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  definePlugin,
  teacher,
  teacherComponents,
  type Batch,
  type DataDescription,
  type Teacher,
} from 'potstill';
import { makeComponent } from 'potstill/testing';
import { z } from 'zod';
import { listStored } from '../../../src/store/index.js';
import { Workplace } from '../../run/tiny.js';
import { refusal } from '../models.js';

/** Probabilities for each example in turn. */
const fixed = definePlugin({
  name: 'fixed',
  version: '1.0.0',
  potstill: '*',
  components: [
    teacher('fixed/answers', {
      help: 'says what it is told to say',
      options: z.strictObject({ p: z.array(z.array(z.number())), labels: z.array(z.string()).optional() }),
      create({ p, labels }): Teacher {
        const width = p[0]?.length ?? 0;
        return {
          outputs: { logits: { dtype: 'float32', shape: [width] } },
          fingerprint: JSON.stringify(p),
          ...(labels ? { labels } : {}),
          label: ({ size, indices }: Batch) =>
            Promise.resolve({
              logits: {
                dtype: 'float32',
                shape: [size, width],
                // Scores, not their logarithms: whatever is added to all of them changes nothing.
                data: Float32Array.from(
                  indices.flatMap((i) => (p[i % p.length] ?? []).map((value) => Math.log(value) + 3)),
                ),
              },
            }),
          dispose: () => Promise.resolve(),
        };
      },
    }),
  ],
});

const labels = ['cat', 'dog', 'car', 'truck', 'sky'];
const data: DataDescription = {
  spec: { x: { dtype: 'float32', shape: [1] }, label: { dtype: 'int32', shape: [] } },
  inputs: ['x'],
  target: 'label',
  labels,
  fingerprint: 'd',
};
const says = (names: readonly string[], ...p: number[][]) => ({ use: 'fixed/answers', p, labels: names });
const generalist = says(
  labels,
  [0.5, 0.3, 0.1, 0.06, 0.04],
  [0.05, 0.05, 0.4, 0.3, 0.2],
  [0.1, 0.1, 0.1, 0.1, 0.6],
);
const animals = says(['dog', 'rest', 'cat'], [0.6, 0.1, 0.3]);
const vehicles = says(['truck', 'car', 'rest'], [0.7, 0.2, 0.1]);

const component = teacherComponents.find(({ name }) => name === 'specialists');
function open(options: Record<string, unknown>): Promise<Teacher> {
  if (!component) throw new Error('no teacher `specialists`');
  return makeComponent('teacher', component, { data }, { options, plugins: [fixed] });
}
async function answers(options: Record<string, unknown>): Promise<number[][]> {
  const made = await open(options);
  const { logits } = await made.label({ size: 3, indices: [0, 1, 2], tensors: {} });
  const all = Array.from(logits?.data ?? [], Math.exp);
  return [0, 1, 2].map((row) => all.slice(5 * row, 5 * row + 5));
}
const close = (given: readonly number[] = [], wanted: readonly number[] = []) => {
  expect(given.length).toBe(wanted.length);
  wanted.forEach((value, i) => expect(given[i]).toBeCloseTo(value, 5));
};

describe('specialists', () => {
  it('are heard about examples that the generalist takes for one of their classes', async () => {
    const [cat, car, sky] = await answers({ generalist, specialists: { animals, vehicles } });
    // The mean of both for special classes; the rest is shared as the generalist shares it.
    const rest = (0.2 + 0.1) / 2;
    close(cat, [0.4, 0.45, (rest * 0.1) / 0.2, (rest * 0.06) / 0.2, (rest * 0.04) / 0.2]);
    const other = (0.3 + 0.1) / 2;
    close(car, [(other * 0.05) / 0.3, (other * 0.05) / 0.3, 0.3, 0.5, (other * 0.2) / 0.3]);
    close(sky, [0.1, 0.1, 0.1, 0.1, 0.6]);
  });

  it('are heard about more examples with a larger `top`', async () => {
    const one = await answers({ generalist, specialists: { animals } });
    const three = await answers({ generalist, specialists: { animals }, top: 5 });
    close(one[0], three[0]);
    expect(one[1]?.[0]).toBeCloseTo(0.05, 5);
    expect(three[1]?.[0]).toBeCloseTo((0.05 + 0.3) / 2, 5);
  });

  it('may know all classes: those that are not special are their dustbin', async () => {
    const wide = says(labels, [0.3, 0.6, 0.02, 0.03, 0.05]);
    const [cat] = await answers({
      generalist,
      specialists: { animals: { teacher: wide, classes: ['cat', 'dog'] } },
    });
    const [wanted] = await answers({ generalist, specialists: { animals } });
    close(cat, wanted);
  });

  it('give what each member says, too', async () => {
    const made = await open({ generalist, specialists: { animals } });
    expect(Object.keys(made.outputs)).toEqual(['logits', 'generalist/logits', 'animals/logits']);
    expect(made.labels).toEqual(labels);
    expect(made.combination?.needs(['logits'])).toEqual({ generalist: ['logits'], animals: ['logits'] });
    expect(made.combination?.needs(['animals/logits'])).toEqual({ animals: ['logits'] });
  });

  it('have another fingerprint when anything about them changes', async () => {
    const prints = await Promise.all(
      [
        { generalist, specialists: { animals } },
        { generalist, specialists: { animals }, top: 2 },
        { generalist, specialists: { other: animals } },
        { generalist, specialists: { animals: { teacher: animals, classes: ['cat'] } } },
        { generalist: says(labels, [0.2, 0.2, 0.2, 0.2, 0.2]), specialists: { animals } },
      ].map(async (options) => (await open(options)).fingerprint),
    );
    expect(new Set(prints).size).toBe(prints.length);
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    [
      'a specialist without a dustbin',
      { generalist, specialists: { animals: says(['cat', 'dog'], [0.5, 0.5]) } },
      'the specialist `animals` has no dustbin: all of its classes (cat, dog) are special',
      'specialists',
    ],
    [
      'a specialist of other classes',
      { generalist, specialists: { animals: says(['wolf', 'rest'], [0.5, 0.5]) } },
      'the specialist `animals` has no class of the data: it has wolf, rest; they have cat, dog, car, truck, sky',
      'specialists',
    ],
    [
      'a special class that is none of its own',
      { generalist, specialists: { animals: { teacher: animals, classes: ['cat', 'car'] } } },
      '`car` is a special class of `animals`, and no class of its own; it has dog, rest, cat',
      'specialists',
    ],
    [
      'a special class that is none of the data',
      { generalist, specialists: { animals: { teacher: animals, classes: ['rest'] } } },
      '`rest` is a special class of `animals`, and no class of the data; they have cat, dog, car, truck, sky',
      'specialists',
    ],
    [
      'a specialist without names',
      { generalist, specialists: { animals: { use: 'fixed/answers', p: [[0.5, 0.5]] } } },
      'the classes of the specialist `animals` are matched by name, and it gives no names',
      'specialists',
    ],
    [
      'a generalist that does not know all classes',
      { generalist: says(['cat', 'dog', 'car'], [0.4, 0.3, 0.3]), specialists: { animals } },
      'the generalist does not know all classes of the data: it lacks truck, sky; it has cat, dog, car',
      'generalist',
    ],
    [
      'a generalist with another number of scores',
      { generalist: { use: 'fixed/answers', p: [[0.5, 0.5]] }, specialists: { animals } },
      'the generalist has 2 classes without names, and 5 are wanted',
      'generalist',
    ],
  ])('refuse %s', async (_, options, message, option) => {
    const error = await refusal(open(options));
    expect(error.code).toBe('TEACHER_INVALID');
    expect(error.message).toContain(message);
    expect(error.records[0].path).toBe(`teacher.${option}`);
  });
});

describe('a run with specialists', () => {
  let place: Workplace;
  beforeEach(async () => {
    place = await Workplace.make();
    place.known.set('fixed', fixed);
  });
  afterEach(async () => {
    await rm(place.folder, { recursive: true, force: true });
  });

  it('keeps the answers of each member, so that combining them anew asks nobody', async () => {
    const run = (top: number) =>
      place.run('student.yaml', {
        set: [
          'plugins=[tiny, fixed]',
          `teacher=${JSON.stringify({
            use: 'specialists',
            generalist: 'tiny/teacher',
            specialists: { two: says(['a', 'b', 'rest'], [0.4, 0.4, 0.2]) },
            top,
          })}`,
          'baseline=false',
          'preflight.enabled=false',
          'train.epochs=1',
        ],
      });
    const about = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0);
    const first = await run(1);
    const before = about(place.asked.batches.splice(0));
    const second = await run(3);
    const after = about(place.asked.batches.splice(0));
    // All training examples are read from the store; what is left is evaluation and the time of one example.
    expect(before - after).toBe(70);
    expect(await listStored(`${place.runs}/.teacher-store`)).toHaveLength(2);
    // Heard about class c, too.
    expect(second.summary.teacher?.figures).not.toEqual(first.summary.teacher?.figures);
    // The generalist alone stands under it, and is the same; a specialist alone means nothing.
    expect(Object.keys(first.summary.teachers ?? {})).toEqual(['generalist']);
    expect(first.summary.teachers?.generalist?.figures.errors).toBeTypeOf('number');
    expect(second.summary.teachers).toEqual(first.summary.teachers);
  });
});

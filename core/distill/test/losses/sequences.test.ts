// Losses over padded sequences: beside PyTorch, and the same whatever the padding.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  lengthMask,
  lossComponents,
  maskedMean,
  type AnyComponent,
  type DataDescription,
  type HostTensor,
  type TensorSpecs,
} from 'potstill';
import { allClose, int32, runLoss, type LossRun, type Values } from 'potstill/testing';

beforeAll(() => tf.setBackend('cpu'));

interface Recorded {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Outcome {
  readonly value: number;
  readonly gradient: readonly number[];
}
const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/sequence-losses.json', import.meta.url), 'utf8'),
) as Record<'student' | 'teacher' | 'truth' | 'shares', Recorded> & {
  lengths: number[];
  labels: number[][];
  mask: number[][];
} & Record<string, unknown>;

const floats = ({ shape, data }: Recorded): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

/** Frames with a label each; `truth` are numbers for each frame. */
const data: DataDescription = {
  spec: {
    frames: { dtype: 'float32', shape: [null, 3], free: ['time'] },
    state: { dtype: 'int32', shape: [null], free: ['time'] },
    truth: { dtype: 'float32', shape: [null, 5], free: ['time'] },
    counted: { dtype: 'bool', shape: [null], free: ['time'] },
  },
  inputs: ['frames'],
  target: 'state',
  fingerprint: 'f',
};
const outputs: TensorSpecs = { logits: { dtype: 'float32', shape: [null, 5], free: ['time'] } };

function component(name: string): AnyComponent {
  const found = lossComponents.find((each) => each.name === name);
  if (!found) throw new Error(`no loss ${name}`);
  return found;
}

interface Sequences {
  readonly student: Values;
  readonly teacher: Values;
  readonly batch: Readonly<Record<string, Values>>;
}

function run(
  name: string,
  options: Record<string, unknown>,
  { student, teacher, batch }: Sequences,
  specs: TensorSpecs = outputs,
): Promise<LossRun> {
  const forward = () => ({});
  return runLoss(component(name), {
    options,
    student: { logits: student },
    teacher: { logits: teacher },
    batch,
    context: { data, student: { outputs: specs, variables: [], forward } },
  });
}

describe('losses of padded sequences beside PyTorch', () => {
  const lengths = int32(golden.lengths);
  const given = {
    student: floats(golden.student),
    teacher: floats(golden.teacher),
    batch: {
      state: int32(golden.labels),
      truth: floats(golden.truth),
      shares: floats(golden.shares),
      'shares.length': lengths,
      'frames.length': lengths,
      'state.length': lengths,
      'truth.length': lengths,
      counted: int32(golden.mask),
    },
  };

  it.each<[string, string, Record<string, unknown>]>([
    ['cross-entropy', 'cross-entropy', {}],
    ['cross-entropy smoothed', 'cross-entropy', { labelSmoothing: 0.1 }],
    ['cross-entropy masked', 'cross-entropy', { mask: 'counted' }],
    ['soft-targets', 'soft-targets', { temperature: 4 }],
    ['soft-targets masked', 'soft-targets', { temperature: 4, mask: 'counted' }],
    ['logit-matching', 'logit-matching', {}],
    ['squared-error', 'squared-error', { target: 'truth' }],
    ['squared-error masked', 'squared-error', { target: 'truth', mask: 'counted' }],
    ['squared-error teacher', 'squared-error', { teacher: 'logits' }],
    ['binary-cross-entropy', 'binary-cross-entropy', { target: 'shares' }],
    ['binary-cross-entropy masked', 'binary-cross-entropy', { target: 'shares', mask: 'counted' }],
    ['binary-cross-entropy teacher', 'binary-cross-entropy', { teacher: 'logits', temperature: 2 }],
  ])('%s', async (recorded, name, options) => {
    const { value, gradients } = await run(name, options, given);
    const wanted = golden[recorded] as Outcome;
    expect(Math.abs(value - wanted.value)).toBeLessThan(1e-5 * (1 + Math.abs(wanted.value)));
    allClose(gradients.student.logits ?? [], floats({ ...golden.student, data: wanted.gradient }), {
      absolute: 1e-6,
    });
  });
});

/** `[batch, length, width]` numbers, and NaN or what `fill` says beyond each length. */
function padded(
  lengths: readonly number[],
  length: number,
  width: number,
  value: (row: number, at: number, k: number) => number,
  fill: number,
): HostTensor {
  const inner = Array.from(lengths, (own, row) =>
    Array.from({ length }, (_, at) =>
      Array.from({ length: width }, (__, k) => (at < own ? value(row, at, k) : fill)),
    ),
  );
  return { dtype: 'float32', shape: [lengths.length, length, width], data: Float32Array.from(inner.flat(2)) };
}

const cases: [string, Record<string, unknown>][] = [
  ['cross-entropy', { labelSmoothing: 0.1 }],
  ['soft-targets', { temperature: 2 }],
  ['logit-matching', {}],
  ['squared-error', { target: 'truth' }],
  ['binary-cross-entropy', { target: 'truth' }],
];

describe.each(cases)('%s', (name, options) => {
  it('is the same loss with the same gradient however far the batch is padded, and with what', async () => {
    const problem = fc.record({
      lengths: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
      more: fc.integer({ min: 1, max: 4 }),
      fill: fc.constantFrom(0, 1e4, NaN),
      seed: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(problem, async ({ lengths, more, fill, seed }) => {
        const noise = (row: number, at: number, k: number) => 3 * Math.sin(seed + 31 * row + 7 * at + k);
        const at = async (length: number, outside: number) => {
          const shape = (width: number, shift: number, value = outside) =>
            padded(lengths, length, width, (row, i, k) => noise(row + shift, i, k), value);
          const labels = padded(lengths, length, 1, (row, i) => (row + i) % 5, 0).data;
          return run(name, options, {
            student: shape(5, 0),
            teacher: shape(5, 10),
            batch: {
              state: { dtype: 'int32', shape: [lengths.length, length], data: Int32Array.from(labels) },
              truth: shape(5, 20),
              ...Object.fromEntries(
                ['frames', 'state', 'truth'].map((field) => [`${field}.length`, int32(lengths)]),
              ),
            },
          });
        };
        const longest = Math.max(1, ...lengths);
        const once = await at(longest, 0);
        const further = await at(longest + more, fill);
        expect(Math.abs(further.value - once.value)).toBeLessThan(1e-5 * (1 + Math.abs(once.value)));
        const rows = (result: LossRun, length: number) => {
          const numbers = result.gradients.student.logits?.data ?? new Float32Array(0);
          return lengths.map((own, row) =>
            Array.from(numbers.subarray(row * length * 5, row * length * 5 + own * 5)),
          );
        };
        allClose(rows(further, longest + more).flat(), rows(once, longest).flat(), { absolute: 1e-6 });
        const total = (result: LossRun) =>
          Array.from(result.gradients.student.logits?.data ?? []).reduce((sum, g) => sum + Math.abs(g), 0);
        // Nothing flows into padding.
        expect(Math.abs(total(further) - total(once))).toBeLessThan(1e-4 * (1 + total(once)));
      }),
      { numRuns: 15 },
    );
  });
});

describe('which positions count', () => {
  const two = int32([2]);
  const given = {
    student: [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    teacher: [
      [
        [1, 2],
        [3, 4],
        [50, 6],
      ],
    ],
    batch: { 'frames.length': two, 'state.length': two, 'truth.length': two },
  };
  const named = (free?: string[]): TensorSpecs => ({
    logits: { dtype: 'float32', shape: [null, 2], ...(free ? { free } : {}) },
  });

  it('is what the data tell of the axis of the same name, or of their only one', async () => {
    for (const specs of [named(['time']), named()])
      expect((await run('soft-targets', { temperature: 1 }, given, specs)).value).toBe(0);
  });

  it('is what the student says of its own output', async () => {
    const specs: TensorSpecs = { ...named(['steps']), 'logits.length': { dtype: 'int32', shape: [] } };
    const made = await runLoss(component('soft-targets'), {
      options: { temperature: 1 },
      student: { logits: given.student, 'logits.length': int32([2]) },
      teacher: { logits: given.teacher },
      context: { data, student: { outputs: specs, variables: [], forward: () => ({}) } },
    });
    expect(made.value).toBe(0);
  });

  it('must be known', async () => {
    await expect(run('soft-targets', { temperature: 1 }, given, named(['steps']))).rejects.toThrow(
      "soft-targets: nothing says how long the axis `steps` of the student's `logits` is",
    );
  });

  it('must fit', async () => {
    const batch = { ...given.batch, counted: int32([[1, 0]]) };
    await expect(
      run('soft-targets', { temperature: 1, mask: 'counted' }, { ...given, batch }, named()),
    ).rejects.toThrow('soft-targets: the mask `counted` has shape [1,2], expected [1,3] or its first axes');
  });

  it('may be weighed, and told for examples alone', async () => {
    const weigh = (counted: Values) =>
      run(
        'squared-error',
        { teacher: 'logits', mask: 'counted' },
        {
          student: [
            [[1], [2]],
            [[3], [4]],
          ],
          teacher: [
            [[0], [0]],
            [[0], [0]],
          ],
          batch: { counted, 'frames.length': int32([2, 2]) },
        },
      );
    expect(
      (
        await weigh([
          [1, 3],
          [0, 0],
        ])
      ).value,
    ).toBeCloseTo((1 + 3 * 4) / 4, 5);
    expect((await weigh([0, 1])).value).toBeCloseTo((9 + 16) / 2, 5);
    expect((await weigh([0, 0])).value).toBe(0);
  });

  it('never are padding, whatever a mask of whole examples says', async () => {
    const batch = { ...given.batch, counted: int32([1]) };
    const masked = await run(
      'soft-targets',
      { temperature: 1, mask: 'counted' },
      { ...given, batch },
      named(),
    );
    expect(masked.value).toBe(0);
  });
});

describe('squared-error', () => {
  it('compares a list of one number with a number, and nothing else of another shape', async () => {
    const at = (truth: Values) =>
      runLoss(component('squared-error'), {
        options: { target: 'age' },
        student: { logits: [[1], [2]] },
        batch: { age: truth },
      });
    expect((await at([1, 5])).value).toBe(4.5);
    await expect(at([[1, 5]])).rejects.toThrow(
      "squared-error: the student's output has shape [2,1], what it is compared with [1,2]",
    );
  });

  it('leaves out what has no truth where data are unlabelled, and shows it elsewhere', async () => {
    const at = (unlabelled: boolean) =>
      runLoss(component('squared-error'), {
        student: { logits: [[1], [2]] },
        batch: { age: [[NaN], [5]] },
        context: {
          data: {
            spec: { x: { dtype: 'float32', shape: [1] }, age: { dtype: 'float32', shape: [1] } },
            inputs: ['x'],
            target: 'age',
            unlabelled,
            fingerprint: 'a',
          },
        },
      });
    const { value, gradients } = await at(true);
    expect(value).toBe(9);
    expect(Array.from(gradients.student.logits?.data ?? [])).toEqual([0, -6]);
    expect((await at(false)).value).toBeNaN();
  });
});

describe('lengthMask', () => {
  it('is 1 within each example', () => {
    expect(lengthMask(tf.tensor1d([2, 0], 'int32'), [2, 3]).arraySync()).toEqual([
      [1, 1, 0],
      [0, 0, 0],
    ]);
  });

  it('goes along any axes, and is spread over the others', () => {
    const mask = lengthMask(tf.tensor2d([[1, 2]], [1, 2], 'int32'), [1, 2, 2, 3], [1, 2]);
    expect(mask.arraySync()).toEqual([
      [
        [
          [1, 1, 0],
          [0, 0, 0],
        ],
        [
          [1, 1, 0],
          [0, 0, 0],
        ],
      ],
    ]);
  });
});

describe('maskedMean', () => {
  it('is the mean of what counts, over all other axes', () => {
    const values = tf.tensor3d([
      [
        [1, 3],
        [NaN, 9],
      ],
    ]);
    expect(maskedMean(values, tf.tensor2d([[1, 0]])).dataSync()[0]).toBe(2);
    expect(maskedMean(values, tf.tensor2d([[0, 0]])).dataSync()[0]).toBe(0);
    expect(maskedMean(tf.tensor1d([1, 2])).dataSync()[0]).toBe(1.5);
  });
});

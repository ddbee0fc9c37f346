// Losses on transformers: padding, what their papers say does not change them, and their messages.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { lossComponents, type AnyComponent } from 'potstill';
import { int32, runLoss, tinyDataset, tinyStudent } from 'potstill/testing';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const component = (name: string) => lossComponents.find((each) => each.name === name) as AnyComponent;
const names = { student: 'a', teacher: 'a' };
const run = (name: string, student: unknown[], teacher: unknown[], options = {}, batch = {}) =>
  runLoss(component(name), {
    options: { ...names, ...options },
    student: { a: student as number[] },
    teacher: { a: teacher as number[] },
    batch,
  });

const number = fc.float({ min: -2, max: 2, noNaN: true, noDefaultInfinity: true });
const array = (length: number) => fc.array(number, { minLength: length, maxLength: length });
type Rows = number[][];
const states = (length: number, width: number): fc.Arbitrary<Rows[]> =>
  fc.array(fc.array(array(width), { minLength: length, maxLength: length }), { minLength: 2, maxLength: 2 });
const attention = (heads: number, length: number): fc.Arbitrary<Rows[][]> =>
  fc.array(
    fc.array(fc.array(array(length), { minLength: length, maxLength: length }), {
      minLength: heads,
      maxLength: heads,
    }),
    { minLength: 2, maxLength: 2 },
  );

/** Two examples of four positions, of which the first three and two count. */
const mask = [
  [1, 1, 1, 0],
  [1, 1, 0, 0],
];
const counts = (b: number, ...positions: number[]) => positions.every((at) => mask[b]?.[at] === 1);

describe.each([
  ['attention-matching', {}],
  ['attention-divergence', { of: 'scores' }],
])('%s: padding', (name, options) => {
  it('counts neither as a query nor as a key, whatever stands there', async () => {
    await fc.assert(
      fc.asyncProperty(attention(2, 4), attention(2, 4), async (z, v) => {
        const change = (x: Rows[][]) =>
          x.map((heads, b) =>
            heads.map((head) => head.map((row, i) => row.map((each, j) => (counts(b, i, j) ? each : NaN)))),
          );
        const given = { ...options, mask: 'm' };
        const plain = await run(name, z, v, given, { m: mask });
        const padded = await run(name, change(z), change(v), given, { m: mask });
        expect(padded.value).toBeCloseTo(plain.value, 5);
        const gradient = padded.gradients.student.a?.data ?? [];
        expect(gradient.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

describe.each([
  ['hidden-cosine', {}],
  ['position-similarity', {}],
  ['self-attention-relation', { heads: 2 }],
])('%s: padding', (name, options) => {
  it('does not count, whatever stands there', async () => {
    await fc.assert(
      fc.asyncProperty(states(4, 4), states(4, 4), async (z, v) => {
        const change = (x: Rows[]) =>
          x.map((rows, b) => rows.map((row, i) => (counts(b, i) ? row : row.map(() => NaN))));
        const given = { ...options, mask: 'm' };
        const plain = await run(name, z, v, given, { m: mask });
        const padded = await run(name, change(z), change(v), given, { m: mask });
        expect(padded.value).toBeCloseTo(plain.value, 5);
        expect(padded.gradients.student.a?.data.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

const length3 = (x: Rows) => x.map((row) => row.map((each) => each * 3));
const rotated = (x: Rows) =>
  x.map((row) => row.map((each, j) => 0.6 * each + (j % 2 === 0 ? -0.8 : 0.8) * (row[j ^ 1] as number)));
/** Vectors with a direction that rounding does not choose. */
const clear = (x: Rows[]) =>
  x.map((rows) => rows.map((row) => row.map((each, j) => each + (j === 0 ? 5 : 0))));

describe('what does not change them', () => {
  it.each([
    ['hidden-cosine', 'the length of vectors', length3, {}],
    ['patient-states', 'the length of vectors', length3, {}],
    [
      'patient-states',
      'later tokens',
      (x: Rows) => x.map((row, i) => (i === 0 ? row : row.map(() => 7))),
      {},
    ],
    ['position-similarity', 'turning all vectors', rotated, {}],
    ['self-attention-relation', 'turning all vectors within a head', rotated, { heads: 2 }],
  ] as const)('%s: %s', async (name, _what, change, options) => {
    await fc.assert(
      fc.asyncProperty(states(3, 4), states(3, 4), async (z, v) => {
        const own = clear(z);
        const before = await run(name, own, clear(v), options);
        const after = await run(name, own.map(change), clear(v), options);
        expect(Math.abs(after.value - before.value)).toBeLessThan(1e-4 * (1 + Math.abs(before.value)));
      }),
      { numRuns: 15 },
    );
  });

  it('attention-divergence of scores: the same added to all keys of a query', async () => {
    await fc.assert(
      fc.asyncProperty(attention(1, 3), attention(1, 3), async (z, v) => {
        const moved = z.map((heads) =>
          heads.map((head) => head.map((row, i) => row.map((each) => each + 2 * i))),
        );
        const before = await run('attention-divergence', z, v, { of: 'scores' });
        const after = await run('attention-divergence', moved, v, { of: 'scores' });
        expect(after.value).toBeCloseTo(before.value, 5);
        expect(before.value).toBeGreaterThan(-1e-6);
      }),
      { numRuns: 15 },
    );
  });

  it.each([
    ['hidden-cosine', {}],
    ['patient-states', {}],
    ['position-similarity', {}],
    ['self-attention-relation', { heads: 2 }],
  ])('%s is 0 where the student is the teacher', async (name, options) => {
    await fc.assert(
      fc.asyncProperty(states(3, 4), async (v) => {
        expect(Math.abs((await run(name, clear(v), clear(v), options)).value)).toBeLessThan(1e-5);
      }),
      { numRuns: 10 },
    );
  });
});

describe('values by hand', () => {
  it('hidden-cosine: opposite directions are 2 apart', async () => {
    expect((await run('hidden-cosine', [[1, 2]], [[-2, -4]])).value).toBeCloseTo(2, 6);
  });

  it('attention-divergence: a key of probability 0 is no key', async () => {
    const even = [0.5, 0.5];
    const { value } = await run('attention-divergence', [[[even, even]]], [[[[1, 0], even]]]);
    expect(value).toBeCloseTo(Math.log(2) / 2, 5);
  });
});

describe('lengths of the data', () => {
  it('say which positions count, as a mask would', async () => {
    const spec = { x: { dtype: 'float32' as const, shape: [null, 6] } };
    const z = [
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      [
        [
          [5, 6],
          [7, 8],
        ],
      ],
    ];
    const v = [
      [
        [
          [0, 2],
          [3, 1],
        ],
      ],
      [
        [
          [1, 6],
          [7, 1],
        ],
      ],
    ];
    const outputs = { a: { dtype: 'float32' as const, shape: [1, null, null] } };
    const { value } = await runLoss(component('attention-matching'), {
      options: names,
      student: { a: z },
      teacher: { a: v },
      batch: { 'x.length': int32([2, 1]) },
      context: { data: { ...tinyDataset(), spec, inputs: ['x'] }, student: { ...tinyStudent(), outputs } },
    });
    // All four pairs of the first example, one of the second.
    expect(value).toBeCloseTo((1 + 0 + 0 + 9 + 16) / 5, 6);
  });
});

describe('messages', () => {
  it.each([
    [
      'attention-matching',
      [[[[1]], [[1]]]],
      [[[[1]]]],
      {},
      'attention-matching: the student has 2 heads, the teacher 1',
    ],
    [
      'attention-matching',
      [[[[1]]]],
      [
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
      ],
      {},
      'the student attends over 1 positions, the teacher over 2',
    ],
    [
      'attention-divergence',
      [[[1, 2]]],
      [[[1, 2]]],
      {},
      "the student's attention has shape [1,1,2], expected [batch, heads, length, length]",
    ],
    [
      'self-attention-relation',
      [[[1, 2, 3]]],
      [[[1, 2, 3]]],
      { heads: 2 },
      "self-attention-relation: 2 heads do not divide the 3 numbers of the student's `a`",
    ],
  ])('%s %#', async (name, z, v, options, message) => {
    await expect(run(name, z, v, options)).rejects.toThrow(message);
  });
});

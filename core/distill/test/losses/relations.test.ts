// Losses on relations between examples: what their papers say does not change them, and what does.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { linearAlignment, lossComponents, type AnyComponent } from 'potstill';
import { runLoss } from 'potstill/testing';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

type Rows = number[][];

const component = (name: string) => lossComponents.find((each) => each.name === name) as AnyComponent;

const value = async (name: string, student: Rows, teacher: Rows, options: Record<string, unknown> = {}) =>
  (
    await runLoss(component(name), {
      options,
      student: { features: student },
      teacher: { features: teacher },
    })
  ).value;

const number = fc.float({ min: -2, max: 2, noNaN: true, noDefaultInfinity: true });
const vectors = (rows: number, width: number) =>
  fc.array(fc.array(number, { minLength: width, maxLength: width }), { minLength: rows, maxLength: rows });

/** Examples that are clearly apart, so that no direction is a matter of rounding. */
const layer = (rows: number, width: number) =>
  vectors(rows, width).map((drawn) => drawn.map((row, i) => row.map((each, j) => each + (i === j ? 6 : 0))));

const angle = fc.float({ min: 0, max: 6, noNaN: true });

/** Turns the plane of the first two axes, then that of the next two. */
const turned = (x: Rows, by: number): Rows =>
  x.map((row) =>
    row.map((each, j) => {
      const other = row[j ^ 1] as number;
      return each * Math.cos(by) + (j % 2 === 0 ? -1 : 1) * other * Math.sin(by);
    }),
  );
const moved = (x: Rows, by: number): Rows => x.map((row) => row.map((each, j) => each + by * (j + 1)));
const scaled = (x: Rows, by: number): Rows => x.map((row) => row.map((each) => each * by));
const reversed = (x: Rows): Rows => x.map((row) => [...row].reverse());

type Change = (x: Rows, by: number) => Rows;
const changes: Record<string, Change> = {
  'turning all examples': turned,
  'moving all examples': moved,
  'scaling all examples': (x, by) => scaled(x, 0.5 + by),
  'another order of the features': reversed,
};

/** What leaves a loss as it is when it is done to the student's layer alone. */
const invariances: Record<string, readonly (keyof typeof changes)[]> = {
  'relational-distance': Object.keys(changes),
  'relational-angle': Object.keys(changes),
  'kernel-alignment': Object.keys(changes),
  'similarity-preserving': ['turning all examples', 'scaling all examples', 'another order of the features'],
  'correlation-congruence': ['turning all examples', 'scaling all examples', 'another order of the features'],
  'probabilistic-transfer': ['turning all examples', 'scaling all examples', 'another order of the features'],
  'similarity-distribution': [
    'turning all examples',
    'scaling all examples',
    'another order of the features',
  ],
  'similarity-matrix': ['turning all examples', 'scaling all examples', 'another order of the features'],
};

/** Options with which the student can be what it is to become. */
const atEqual: Record<string, Record<string, unknown>> = {
  'similarity-distribution': { teacherTemperature: 0.2 },
};

describe.each(Object.keys(invariances))('%s', (name) => {
  const kept = invariances[name] as readonly string[];

  it.each(kept)('does not change by %s', async (change) => {
    await fc.assert(
      fc.asyncProperty(layer(4, 4), layer(4, 4), angle, async (z, v, by) => {
        const before = await value(name, z, v);
        const after = await value(name, (changes[change] as Change)(z, by), v);
        expect(Math.abs(after - before)).toBeLessThan(2e-5 + 1e-3 * Math.abs(before));
      }),
      { numRuns: 20 },
    );
  });

  it.each(Object.keys(changes).filter((change) => !kept.includes(change)))(
    'does change by %s',
    async (change) => {
      const z = [
        [1, 2, 0, 1],
        [0, 1, 3, 1],
        [2, 0, 1, -1],
      ];
      const v = [
        [1, 0, 0, 1],
        [3, 1, 0, 2],
        [0, 0, 1, 1],
      ];
      const before = await value(name, z, v);
      const after = await value(name, (changes[change] as Change)(z, 1), v);
      expect(Math.abs(after - before)).toBeGreaterThan(1e-4);
    },
  );

  it('is 0 where the student is the teacher, and positive elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(layer(4, 4), layer(4, 4), async (z, v) => {
        expect(Math.abs(await value(name, v, v, atEqual[name]))).toBeLessThan(1e-5);
        expect(await value(name, z, v)).toBeGreaterThan(-1e-6);
      }),
      { numRuns: 20 },
    );
  });

  it('has a finite gradient where examples are equal', async () => {
    const same = [
      [1, 2],
      [1, 2],
      [1, 2],
    ];
    const run = await runLoss(component(name), {
      student: { features: same },
      teacher: {
        features: [
          [0, 1],
          [1, 3],
          [2, 1],
        ],
      },
    });
    expect(run.gradients.student.features?.data.every(Number.isFinite)).toBe(true);
  });
});

const map = async (name: string, student: number[][][], teacher: number[][][], options = {}) =>
  (
    await runLoss(component(name), {
      options: { student: 'a', teacher: 'a', ...options },
      student: { a: [student] },
      teacher: { a: [teacher] },
    })
  ).value;

const maps = fc.array(layer(4, 4), { minLength: 2, maxLength: 2 });
const turnedMap = (x: number[][][]) => [...x].reverse().map((row) => [...row].reverse());

describe('feature maps', () => {
  it('inter-channel-correlation: the order of the positions, and the size of the map', async () => {
    await fc.assert(
      fc.asyncProperty(maps, maps, async (z, v) => {
        const options = { connector: 'none' };
        const before = await map('inter-channel-correlation', z, v, options);
        expect(await map('inter-channel-correlation', turnedMap(z), v, options)).toBeCloseTo(before, 4);
        expect(await map('inter-channel-correlation', [...z, ...z], v, options)).toBeCloseTo(before, 4);
      }),
      { numRuns: 15 },
    );
  });

  it('affinity: the length of vectors, turning them, and their width', async () => {
    await fc.assert(
      fc.asyncProperty(maps, maps, angle, async (z, v, by) => {
        const before = await map('affinity', z, v);
        const change = (each: (x: Rows) => Rows) => map('affinity', z.map(each), v);
        expect(await change((x) => scaled(x, 3))).toBeCloseTo(before, 4);
        expect(await change((x) => turned(x, by))).toBeCloseTo(before, 4);
        expect(await change((x) => x.map((row) => [...row, 0]))).toBeCloseTo(before, 4);
      }),
      { numRuns: 15 },
    );
  });

  it('knowledge-adaptation: the length of each position’s vector', async () => {
    await fc.assert(
      fc.asyncProperty(maps, maps, async (z, v) => {
        const options = { connector: 'none' };
        const before = await map('knowledge-adaptation', z, v, options);
        const longer = z.map((row, i) => scaled(row, i + 2));
        expect(await map('knowledge-adaptation', longer, v, options)).toBeCloseTo(before, 4);
        expect(Math.abs(await map('knowledge-adaptation', v, v, options))).toBeLessThan(1e-5);
      }),
      { numRuns: 15 },
    );
  });

  it('affinity by hand: two positions at a right angle beside two that agree', async () => {
    // A differs by 1 / 2 off the diagonal, in both rows.
    expect(
      await map(
        'affinity',
        [
          [
            [1, 0],
            [0, 1],
          ],
        ],
        [
          [
            [2, 0],
            [1, 0],
          ],
        ],
      ),
    ).toBeCloseTo(1, 5);
  });

  it('inter-channel-correlation by hand: the mean over the batch', async () => {
    // Rows of the student (1, 0), (0, 1); of the teacher both (1, 1) / sqrt(2); two channels.
    const z = [
      [
        [1, 0],
        [0, 1],
      ],
    ];
    const v = [[[1, 1]]];
    const row = (1 - Math.SQRT1_2) ** 2 + 0.5;
    const options = { student: 'a', teacher: 'a', connector: 'none' };
    for (const batch of [1, 3]) {
      const of = (each: number[][][]) => ({ a: Array.from({ length: batch }, () => each) });
      const { value: got } = await runLoss(component('inter-channel-correlation'), {
        options,
        student: of(z),
        teacher: of(v),
      });
      expect(got, `${batch} examples`).toBeCloseTo((2 * row) / 2, 5);
    }
  });
});

describe('margin-matching', () => {
  it('does not change when all scores of a query move', async () => {
    const score = async (z: Rows, v: Rows) =>
      (await runLoss(component('margin-matching'), { student: { logits: z }, teacher: { logits: v } })).value;
    const v = [[3, 1, 0]];
    expect(await score([[5, 2, 2]], v)).toBeCloseTo((1 + 0) / 2, 6);
    expect(await score([[15, 12, 12]], v)).toBeCloseTo((1 + 0) / 2, 6);
  });
});

describe('values by hand', () => {
  it('relational-distance: in units of the mean distance', async () => {
    // Distances 3, 4, 5 (mean 4) beside 1, 1, 1: differences 0.25, 0, 0.25, each twice; half the squares; nine pairs.
    const z = [
      [0, 0],
      [3, 0],
      [3, 4],
    ];
    const v = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ].map((row) => row.map((each) => each / Math.SQRT2));
    expect(await value('relational-distance', z, v)).toBeCloseTo((4 * 0.5 * 0.25 ** 2) / 9, 6);
  });

  it('relational-angle: a right angle beside 60 degrees', async () => {
    // Cosines of the right triangle: 0, 3/5, 4/5; of the other 1/2. Each angle counts twice among 27 triples.
    const z = [
      [0, 0],
      [3, 0],
      [3, 4],
    ];
    const v = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const half = [0, 3 / 5, 4 / 5].map((cosine) => 0.5 * (cosine - 0.5) ** 2);
    expect(await value('relational-angle', z, v)).toBeCloseTo(
      (2 * half.reduce((sum, each) => sum + each, 0)) / 27,
      6,
    );
  });

  it('similarity-preserving: rows at Euclidean length 1', async () => {
    // Gram matrices [[1, 1], [1, 2]] and the identity.
    const z = [
      [1, 0],
      [1, 1],
    ];
    const v = [
      [1, 0],
      [0, 1],
    ];
    const rows = [
      [1 / Math.SQRT2 - 1, 1 / Math.SQRT2],
      [1 / Math.sqrt(5), 2 / Math.sqrt(5) - 1],
    ];
    expect(await value('similarity-preserving', z, v)).toBeCloseTo(
      rows.flat().reduce((sum, each) => sum + each * each, 0) / 4,
      6,
    );
  });

  it('correlation-congruence: the squared norm, not the norm', async () => {
    // Cosines 1 and 0 off the diagonal: the kernels differ in two of four places.
    const z = [
      [1, 0],
      [2, 0],
    ];
    const v = [
      [1, 0],
      [0, 3],
    ];
    const kernel = (c: number) => Math.exp(-0.8) * (1 + 0.8 * c + (0.8 * c) ** 2 / 2);
    expect(await value('correlation-congruence', z, v)).toBeCloseTo(
      (2 * (kernel(1) - kernel(0)) ** 2) / 4,
      6,
    );
  });

  it('correlation-congruence: the polynomial approaches the Gaussian', async () => {
    const gaussian = Math.exp(-0.4 * 2) - 1;
    const v = [
      [1, 0],
      [0, 3],
    ];
    const z = [
      [1, 0],
      [2, 0],
    ];
    expect(await value('correlation-congruence', z, v, { order: 12 })).toBeCloseTo(
      (2 * gaussian ** 2) / 4,
      6,
    );
  });

  it('kernel-alignment: 1 where the layers have nothing in common', async () => {
    const z = [[1], [1], [-1], [-1]];
    const v = [[1], [-1], [1], [-1]];
    expect(await value('kernel-alignment', z, v)).toBeCloseTo(1, 6);
    expect(linearAlignment(tf.tensor2d(z), tf.tensor2d(z)).dataSync()[0]).toBeCloseTo(1, 6);
  });
});

describe('messages', () => {
  it('names the layer that is missing', async () => {
    await expect(
      runLoss(component('kernel-alignment'), {
        options: { layers: 'a -> ' },
        student: { features: [[1]] },
        teacher: { features: [[1]] },
      }),
    ).rejects.toThrow('kernel-alignment: `layers` has `a -> `');
  });

  it('semantic-calibration says that a batch has more examples than its maps are made for', async () => {
    const layer = [[[1]]];
    await expect(
      runLoss(component('semantic-calibration'), {
        options: { student: ['a'], teacher: ['a'], batch: 1 },
        student: { a: [layer, layer] },
        teacher: { a: [layer, layer] },
      }),
    ).rejects.toThrow('semantic-calibration: a batch has 2 examples, and `batch` is 1');
  });
});

// What each random operation promises, over many shapes and draws.
import {
  dropPath,
  dropout,
  EngineError,
  featureMask,
  gaussianNoise,
  gumbelSoftmax,
  randomCrop,
  randomStream,
  type StepContext,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { eagerRandom, noRandom } from '../../src/record/random.js';

beforeAll(() => tf.setBackend('cpu'));

const training = (seed = 1): StepContext => ({ training: true, random: eagerRandom(randomStream(seed)) });
const predicting: StepContext = { training: false, random: noRandom };
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

/** Ones of [batch, time, features], so that zeros are masks. */
const ones = (...shape: [number, number, number]) => tf.ones<tf.Rank.R3>(shape);
const sequence = tf.reshape<tf.Rank.R3>(tf.range(0, 24), [2, 6, 2]);

describe('when not training', () => {
  it.each<[string, (x: tf.Tensor3D) => tf.Tensor]>([
    ['dropout', (x) => dropout(x, 0.5, predicting)],
    ['gaussianNoise', (x) => gaussianNoise(x, 1, predicting)],
    ['dropPath', (x) => dropPath(x, 0.5, predicting)],
    ['featureMask', (x) => featureMask(x, predicting, { timeWidth: 3, featureWidth: 1 })],
    ['randomCrop', (x) => randomCrop(x, 3, predicting)],
  ])('%s gives what it was given', (_, operation) => {
    expect(operation(sequence)).toBe(sequence);
  });

  it('gumbelSoftmax gives the softmax at its temperature, or the most likely category', () => {
    const logits = tf.tensor2d([[2, 0, 4]]);
    const soft = values(gumbelSoftmax(logits, 2, predicting));
    values(tf.softmax(tf.tensor2d([[1, 0, 2]]))).forEach((value, i) => expect(soft[i]).toBeCloseTo(value, 6));
    expect(values(gumbelSoftmax(logits, 2, predicting, { hard: true }))).toEqual([0, 0, 1]);
  });
});

describe('gaussianNoise', () => {
  it('adds noise of that deviation and mean 0', () => {
    const noise = values(gaussianNoise(tf.zeros([100, 100]), 3, training()));
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(Math.abs(Math.sqrt(variance) - 3)).toBeLessThan(0.1);
  });

  it('takes no elements, and a deviation of 0', () => {
    expect(gaussianNoise(tf.zeros([0, 3]), 1, training()).shape).toEqual([0, 3]);
    expect(gaussianNoise(sequence, 0, training())).toBe(sequence);
    expect(gaussianNoise(tf.scalar(1), 1, training()).shape).toEqual([]);
  });
});

describe('dropPath', () => {
  it('leaves whole examples out and scales the others', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 0, max: 4 }),
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        fc.integer(),
        (batch, width, rate, seed) => {
          const x = tf.ones([batch, width, 1, 1]);
          const made = dropPath(x, rate, training(seed));
          expect(made.shape).toEqual(x.shape);
          const found = values(made);
          for (let row = 0; row < batch; row++) {
            const own = new Set(found.slice(row * width, (row + 1) * width));
            expect(own.size).toBeLessThanOrEqual(1);
            for (const value of own)
              if (value !== 0) expect(Math.abs(value * (1 - rate) - 1)).toBeLessThan(1e-5);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps the mean, and drops about that share', () => {
    const found = values(dropPath(tf.ones([20_000]), 0.3, training()));
    expect(Math.abs(found.reduce((sum, value) => sum + value, 0) / 20_000 - 1)).toBeLessThan(0.02);
    expect(Math.abs(found.filter((value) => value === 0).length / 20_000 - 0.3)).toBeLessThan(0.01);
  });

  it('refuses scalars and rates outside 0 <= rate < 1', () => {
    expect(() => dropPath(tf.scalar(1), 0.5, training())).toThrow('dropPath: a scalar has no example axis');
    expect(() => dropPath(sequence, 1, training())).toThrow(
      'dropPath: rate is 1, it must be at least 0 and below 1',
    );
  });
});

describe('gumbelSoftmax', () => {
  it('hard, draws categories by their probabilities', () => {
    const probabilities = [0.5, 0.3, 0.2, 0];
    const logits = tf.tile(tf.log(tf.tensor2d([probabilities])).maximum(-1e9), [20_000, 1]);
    const drawn = values(tf.mean(gumbelSoftmax(logits, 1, training(), { hard: true }), 0));
    probabilities.forEach((p, i) => expect(Math.abs((drawn[i] as number) - p)).toBeLessThan(0.015));
  });

  it('gives rows that sum to 1, one-hot where asked for, for any shape and temperature', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.boolean(),
        fc.integer(),
        (rows, classes, temperature, hard, seed) => {
          const logits = tf.tensor(randomStream(seed).normal(rows * classes), [rows, classes]);
          const made = values(gumbelSoftmax(logits, temperature, training(seed), { hard }));
          for (let row = 0; row < rows; row++) {
            const own = made.slice(row * classes, (row + 1) * classes);
            expect(Math.abs(own.reduce((sum, value) => sum + value, 0) - 1)).toBeLessThan(1e-5);
            if (hard) expect([...own].sort()).toEqual([...Array<number>(classes - 1).fill(0), 1]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('hard, has the gradient of the soft sample', () => {
    const logits = tf.tensor2d([[0.3, -1, 2]]);
    const weights = tf.tensor2d([[1, -2, 5]]);
    const gradient = (hard: boolean) =>
      values(tf.grad((x) => tf.sum(tf.mul(gumbelSoftmax(x, 0.5, training(4), { hard }), weights)))(logits));
    expect(gradient(true)).toEqual(gradient(false));
    expect(gradient(true).some((value) => value !== 0)).toBe(true);
  });

  it('stays finite on the smallest and largest numbers that are drawn', () => {
    for (const u of [0, 2 ** -24, 1 - 2 ** -24]) {
      const at = {
        training: true,
        random: { ...training().random, uniform: (shape: readonly number[]) => tf.fill([...shape], u) },
      };
      expect(values(gumbelSoftmax(tf.zeros([1, 3]), 0.1, at)).every((p) => Math.abs(p - 1 / 3) < 1e-6)).toBe(
        true,
      );
    }
  });

  it('refuses a temperature of 0', () => {
    expect(() => gumbelSoftmax(tf.zeros([1, 2]), 0, predicting)).toThrow(
      'gumbelSoftmax: temperature is 0, it must be a number above 0',
    );
  });
});

/** Lengths of the blocks of zeros in a row of 0 and 1. */
const blocks = (row: readonly number[]) =>
  row
    .join('')
    .split('1')
    .filter((block) => block !== '')
    .map((block) => block.length);

describe('featureMask', () => {
  it('masks at most one block of each kind, no wider than asked for, the same at every time or feature', () => {
    fc.assert(
      fc.property(
        fc.record({
          time: fc.integer({ min: 1, max: 12 }),
          features: fc.integer({ min: 1, max: 8 }),
          timeWidth: fc.integer({ min: 0, max: 14 }),
          featureWidth: fc.integer({ min: 0, max: 10 }),
          seed: fc.integer(),
        }),
        ({ time, features, timeWidth, featureWidth, seed }) => {
          const made = featureMask(ones(2, time, features), training(seed), { timeWidth, featureWidth });
          for (const example of made.arraySync()) {
            const times = example.map((row) => Math.max(...row));
            const columns = Array.from({ length: features }, (_, f) =>
              Math.max(...example.map((row) => row[f] as number)),
            );
            // Where all is masked, the two kinds cannot be told apart.
            if (!times.includes(1) || !columns.includes(1)) continue;
            example.forEach((row, t) =>
              row.forEach((value, f) => expect(value).toBe((times[t] as number) * (columns[f] as number))),
            );
            expect(blocks(times).length).toBeLessThanOrEqual(1);
            expect(blocks(columns).length).toBeLessThanOrEqual(1);
            expect(blocks(times)[0] ?? 0).toBeLessThanOrEqual(timeWidth);
            expect(blocks(columns)[0] ?? 0).toBeLessThanOrEqual(featureWidth);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('draws every width from 0 to the widest, and every place', () => {
    const made = featureMask(ones(2000, 6, 1), training(), { timeWidth: 2 });
    const rows = made.arraySync().map((example) => example.map(([value]) => value).join(''));
    const seen = new Map<string, number>();
    for (const row of rows) seen.set(row, (seen.get(row) ?? 0) + 1);
    expect([...seen.keys()].sort()).toEqual(
      ['111111', '011111', '101111', '110111', '111011', '111101', '111110']
        .concat(['001111', '100111', '110011', '111001', '111100'])
        .sort(),
    );
    expect(Math.abs((seen.get('111111') as number) / 2000 - 1 / 3)).toBeLessThan(0.04);
    expect(Math.abs((seen.get('111100') as number) / 2000 - 1 / 15)).toBeLessThan(0.03);
  });

  it('keeps blocks of time within the lengths, and within their share of them', () => {
    const lengths = tf.tensor1d([10, 4, 1, 0], 'int32');
    for (let seed = 0; seed < 40; seed++) {
      const options = { timeWidth: 8, timeShare: 0.5, lengths };
      const made = featureMask(ones(4, 10, 1), training(seed), options).arraySync();
      made.forEach((example, i) => {
        const row = example.map(([value]) => value as number);
        const length = [10, 4, 1, 0][i] as number;
        expect(row.slice(length).every((value) => value === 1)).toBe(true);
        expect(blocks(row)[0] ?? 0).toBeLessThanOrEqual(length / 2);
      });
    }
  });

  it('takes several masks, none, and no examples', () => {
    const masked = (options: Parameters<typeof featureMask>[2]) =>
      values(featureMask(ones(50, 20, 1), training(), options)).filter((value) => value === 0).length;
    expect(masked({ timeWidth: 4, timeMasks: 4 })).toBeGreaterThan(masked({ timeWidth: 4 }));
    expect(masked({ timeWidth: 4, timeMasks: 0 })).toBe(0);
    expect(masked({})).toBe(0);
    expect(featureMask(ones(0, 5, 2), training(), { timeWidth: 2, featureWidth: 1 }).shape).toEqual([
      0, 5, 2,
    ]);
  });

  it('refuses widths that are no whole numbers', () => {
    expect(() => featureMask(ones(1, 2, 2), predicting, { timeWidth: 1.5 })).toThrow(
      'featureMask: timeWidth is 1.5, it must be a whole number of at least 0',
    );
    expect(() => featureMask(ones(1, 2, 2), predicting, { timeShare: -1 })).toThrow(EngineError);
  });
});

describe('randomCrop', () => {
  it('gives pieces in a row, from anywhere', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const made = randomCrop(sequence, 4, training(seed));
      expect(made.shape).toEqual([2, 4, 2]);
      made.arraySync().forEach((piece, example) => {
        const start = ((piece[0]?.[0] as number) - 12 * example) / 2;
        seen.add(`${example} ${start}`);
        expect(piece.flat()).toEqual(Array.from({ length: 8 }, (_, i) => 12 * example + 2 * start + i));
      });
    }
    expect([...seen].sort()).toEqual(['0 0', '0 1', '0 2', '1 0', '1 1', '1 2']);
  });

  it('gives the whole where that is asked for, and takes no examples', () => {
    expect(randomCrop(sequence, 6, training())).toBe(sequence);
    expect(randomCrop(ones(0, 5, 2), 3, training()).shape).toEqual([0, 3, 2]);
    expect(randomCrop(ones(2, 5, 1), 1, training()).shape).toEqual([2, 1, 1]);
  });

  it('refuses a piece longer than the sequence', () => {
    expect(() => randomCrop(sequence, 7, training())).toThrow(
      'randomCrop: a crop of 7 time steps was requested, but there are only 6',
    );
    expect(() => randomCrop(sequence, 0, predicting)).toThrow(
      'randomCrop: length is 0, it must be a whole number of at least 1',
    );
  });
});

// The single checks before training: what they refuse, what they warn of, and their words.
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '@potstill/engine';
import type { Batch } from 'potstill';
import { checkSizes } from '../../src/preflight/sizes.js';
import { momentsOf } from '../../src/preflight/statistics.js';
import { checkInputs, checkTaps } from '../../src/preflight/taps.js';

const float = (shape: readonly number[], data: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});
const batch = (tensors: Record<string, HostTensor>, indices: readonly number[]): Batch => ({
  size: indices.length,
  tensors,
  indices,
});

describe('momentsOf', () => {
  it('gives mean, variance and the first value that is not finite', () => {
    expect(momentsOf(float([2, 2], [1, 2, 3, 6]))).toMatchObject({
      mean: 3,
      variance: 3.5,
      notFinite: -1,
      sameForAll: false,
    });
    expect(momentsOf(float([3, 1], [1, NaN, Infinity])).notFinite).toBe(1);
  });

  it('takes no examples and one for the same', () => {
    expect(momentsOf(float([0, 4], []))).toEqual({
      count: 0,
      mean: 0,
      variance: 0,
      notFinite: -1,
      sameForAll: true,
    });
    expect(momentsOf(float([1, 2], [5, 6])).sameForAll).toBe(true);
    expect(momentsOf(float([2, 2], [5, 6, 5, 6])).sameForAll).toBe(true);
  });
});

describe('checkTaps', () => {
  it('describes what differs between examples', () => {
    const taps = checkTaps({ logits: float([2, 2], [1, 2, 3, 6]) }, ['logits'], batch({}, [0, 1]));
    expect(taps).toEqual([
      { level: 'ok', code: 'tap logits', message: 'teacher `logits`: float32 [2, 2], mean 3, variance 3.5' },
    ]);
  });

  it('refuses a tap that is the same for all examples, of which one alone cannot be told', () => {
    expect(() => checkTaps({ h: float([2, 2], [1, 2, 1, 2]) }, ['h'], batch({}, [0, 1]))).toThrow(
      "PREFLIGHT_TAP: the teacher's output `h` is the same for all 2 examples looked at",
    );
    expect(checkTaps({ h: float([1, 2], [1, 2]) }, ['h'], batch({}, [0]))).toHaveLength(1);
  });

  it('names the example for which a tap is not finite', () => {
    expect(() => checkTaps({ h: float([2, 2], [1, 2, NaN, 2]) }, ['h'], batch({}, [40, 41]))).toThrow(
      "PREFLIGHT_TAP: the teacher's output `h` is NaN for example 41 of the training data",
    );
  });

  it('names an output that the teacher does not give', () => {
    expect(() => checkTaps({ logits: float([1, 1], [0]) }, ['hidden'], batch({}, [0]))).toThrow(
      'TEACHER_OUTPUT: the teacher gave no output `hidden`, which a loss reads',
    );
  });
});

describe('checkInputs', () => {
  it('warns of an input that never differs', () => {
    expect(checkInputs(batch({ x: float([3, 1], [0, 0, 0]) }, [0, 1, 2]), ['x'])).toMatchObject([
      { level: 'warning', code: 'PREFLIGHT_INPUT_CONSTANT' },
    ]);
  });

  it('refuses numbers that are not finite, naming the example', () => {
    expect(() => checkInputs(batch({ x: float([2, 1], [0, Infinity]) }, [7, 8]), ['x'])).toThrow(
      'DATA_DAMAGED: input `x` of example 8 of the training data holds Infinity',
    );
  });
});

describe('checkSizes', () => {
  it('asks whether teacher and student were swapped', () => {
    expect(checkSizes(100, 2000)).toMatchObject([
      {
        level: 'warning',
        code: 'PREFLIGHT_TEACHER_SMALLER',
        message: 'teacher 100 weights, student 2,000: the teacher is the smaller one',
      },
    ]);
    expect(checkSizes(2000, 100)).toMatchObject([{ level: 'ok' }]);
    expect(checkSizes(undefined, 100)).toEqual([]);
  });
});

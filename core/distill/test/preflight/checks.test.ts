// The single checks before training: what they refuse, what they warn of, and their words.
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '@potstill/engine';
import type { Batch } from 'potstill';
import { checkLabels, type ClassesOf } from '../../src/preflight/labels.js';
import { agreementAtStart, checkSizes, checkTeacherAccuracy } from '../../src/preflight/quality.js';
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
const of = (who: string, labels?: readonly string[], count = labels?.length): ClassesOf => ({
  who,
  labels,
  count,
});

describe('checkLabels', () => {
  it('is content with the same names in the same order', () => {
    const names = ['cat', 'dog'];
    expect(
      checkLabels(of('the data', names), [of('the student', undefined, 2), of('the teacher', names)]),
    ).toEqual({
      level: 'ok',
      code: 'labels',
      message: 'the data and the teacher name the same classes in the same order',
    });
  });

  it('says when names could not be compared', () => {
    expect(checkLabels(of('the data', ['a', 'b']), [of('the teacher', undefined, 2)]).message).toBe(
      'the data, the teacher: 2 classes each; names could not be compared, only the data gives any',
    );
    expect(checkLabels(of('the data'), [of('the teacher', undefined, undefined)]).message).toMatch(
      /nothing to compare/,
    );
  });

  it.each([
    [
      'another number',
      of('the data', ['a', 'b', 'c']),
      of('the teacher', undefined, 2),
      'PREFLIGHT_LABELS: the data names 3 classes, the teacher scores 2',
    ],
    [
      'another order',
      of('the data', ['cat', 'dog', 'cow']),
      of('the teacher', ['cat', 'cow', 'dog']),
      'PREFLIGHT_LABELS: the data and the teacher name the same classes in another order: class 1 is `dog` to the data and `cow` to the teacher',
    ],
    [
      'other names',
      of('the data', ['cat', 'dog']),
      of('the teacher', ['cat', 'Dog']),
      'PREFLIGHT_LABELS: the data and the teacher name other classes: class 1 is `dog` to the data and `Dog` to the teacher; the teacher does not have dog; its classes are cat, Dog',
    ],
  ])('refuses %s', (_what, data, teacher, message) => {
    expect(() => checkLabels(data, [teacher])).toThrow(message);
  });
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

describe('checkTeacherAccuracy', () => {
  it('warns of a teacher that guesses, and names chance', () => {
    const logits = float(
      [40, 2],
      Array.from({ length: 80 }, (_, i) => (i % 4 < 2 ? i % 2 : 1 - (i % 2))),
    );
    const always = Int32Array.from({ length: 40 }, (_, i) => (i % 4 < 2 ? 0 : 1));
    expect(checkTeacherAccuracy(logits, always)).toMatchObject([
      {
        level: 'warning',
        code: 'PREFLIGHT_TEACHER_CHANCE',
        message:
          'the teacher answers 50.0 % of 40 examples as labelled; chance is 50.0 %: no better than guessing',
      },
    ]);
  });

  it('is content with one that knows, and leaves out examples without truth', () => {
    const logits = float(
      [20, 2],
      Array.from({ length: 40 }, (_, i) => i % 2),
    );
    const truth = Int32Array.from({ length: 20 }, (_, i) => (i < 15 ? 1 : -1));
    expect(checkTeacherAccuracy(logits, truth)).toMatchObject([
      {
        level: 'ok',
        message: 'the teacher answers 100.0 % of 15 examples as labelled; chance is 50.0 %',
      },
    ]);
    expect(checkTeacherAccuracy(float([0, 2], []), [])).toEqual([]);
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

describe('agreementAtStart', () => {
  it('tells how often both answer alike, and nothing of other classes or no examples', () => {
    expect(agreementAtStart(float([2, 2], [1, 0, 0, 1]), float([2, 2], [1, 0, 1, 0]))).toMatchObject([
      { message: "before training, the student gives the teacher's answer for 50.0 % of the examples" },
    ]);
    expect(agreementAtStart(float([1, 2], [0, 1]), float([1, 3], [0, 1, 2]))).toEqual([]);
    expect(agreementAtStart(float([0, 2], []), float([0, 2], []))).toEqual([]);
  });
});

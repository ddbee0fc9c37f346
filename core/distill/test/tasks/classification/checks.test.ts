// The single checks of classifiers before training: what they refuse, what they warn of, and their words.
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '@potstill/engine';
import { checkLabels, type ClassesOf } from '../../../src/tasks/classification/labels.js';
import { agreementAtStart, checkTeacherAccuracy } from '../../../src/tasks/classification/quality.js';

const float = (shape: readonly number[], data: readonly number[]): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
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

describe('agreementAtStart', () => {
  it('tells how often both answer alike, and nothing of other classes or no examples', () => {
    expect(agreementAtStart(float([2, 2], [1, 0, 0, 1]), float([2, 2], [1, 0, 1, 0]))).toMatchObject([
      { message: "before training, the student gives the teacher's answer for 50.0 % of the examples" },
    ]);
    expect(agreementAtStart(float([1, 2], [0, 1]), float([1, 3], [0, 1, 2]))).toEqual([]);
    expect(agreementAtStart(float([0, 2], []), float([0, 2], []))).toEqual([]);
  });
});

// The output bias offset: exact against a brute-force search.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bestBiasOffset } from '../../../src/tasks/classification/adjust/best-offset.js';

/** Errors at an offset, computed as the accuracy metric would. */
function errorsAt(
  scores: readonly number[],
  targets: readonly number[],
  n: number,
  classes: readonly number[],
  offset: number,
) {
  return targets.filter((target, row) => {
    if (target < 0) return false;
    const shifted = Array.from(
      { length: n },
      (_, c) => (scores[row * n + c] as number) + (classes.includes(c) ? offset : 0),
    );
    return shifted.indexOf(Math.max(...shifted)) !== target;
  }).length;
}

describe('bestBiasOffset', () => {
  it('raises the bias of a class that was never seen in training', () => {
    // Class 2 is the truth of rows 0 and 1, and always 3 short; row 2 is of class 0 by 5.
    const scores = [3, 0, 0, 0, 3, 0, 5, 0, 0];
    const found = bestBiasOffset(scores, [2, 2, 0], 3, [2]);
    expect(found).toEqual({ offset: 4, errorsBefore: 2, errorsAfter: 0 });
  });

  it('lowers the bias of classes that are guessed too often', () => {
    const found = bestBiasOffset([1, 5, 2, 5, 0, 6], [0, 0, 1], 2, [1]);
    expect(found.errorsAfter).toBe(0);
    expect(found.offset).toBe(-5);
  });

  it('leaves a student alone that no offset makes better', () => {
    expect(bestBiasOffset([2, 0, 0, 2], [0, 1], 2, [1])).toEqual({
      offset: 0,
      errorsBefore: 0,
      errorsAfter: 0,
    });
  });

  it('takes no examples, and examples without truth, for nothing', () => {
    expect(bestBiasOffset([], [], 3, [0])).toEqual({ offset: 0, errorsBefore: 0, errorsAfter: 0 });
    expect(bestBiasOffset([1, 2], [-1], 2, [0])).toEqual({ offset: 0, errorsBefore: 0, errorsAfter: 0 });
  });

  it('does nothing when every class is shifted alike', () => {
    expect(bestBiasOffset([1, 2, 2, 1], [0, 0], 2, [0, 1])).toMatchObject({ offset: 0 });
  });

  it('is as good as any offset, and counts its errors right', () => {
    const classCount = 4;
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 4, maxLength: 4 }),
            fc.integer({ min: -1, max: 3 }),
          ),
          { maxLength: 12 },
        ),
        fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
        (rows, classes) => {
          const scores = rows.flatMap(([row]) => row);
          const targets = rows.map(([, target]) => target);
          const found = bestBiasOffset(scores, targets, classCount, classes);
          expect(found.errorsBefore).toBe(errorsAt(scores, targets, classCount, classes, 0));
          expect(found.errorsAfter).toBe(errorsAt(scores, targets, classCount, classes, found.offset));
          for (let offset = -14; offset <= 14; offset += 0.5)
            // A tie at a margin belongs to neither side; the search offers open intervals (and 0 as it is).
            if (offset !== Math.round(offset))
              expect(found.errorsAfter).toBeLessThanOrEqual(
                errorsAt(scores, targets, classCount, classes, offset),
              );
        },
      ),
    );
  });
});

// Two classifiers' answers side by side, and McNemar's test of them.
import { describe, expect, it } from 'vitest';
import { mcnemar } from '../../../src/report/chance.js';
import { compareAnswers, discordance } from '../../../src/tasks/classification/discordance.js';

describe('discordance', () => {
  const answers = (predicted: number[], indices = predicted.map((_, at) => at)) => ({
    indices: Int32Array.from(indices),
    predicted: Int32Array.from(predicted),
    confidence: new Float32Array(predicted.length),
    truth: Int32Array.of(0, 1, 2, -1, 2),
  });

  it('counts each kind of pair and leaves out examples without a target', () => {
    expect(discordance(answers([0, 0, 2, 5, 1]), answers([0, 1, 0, 3, 1]))).toEqual({
      onlyFirst: 1,
      onlySecond: 1,
      bothWrong: 1,
    });
  });

  it('does not compare answers to different examples', () => {
    expect(discordance(answers([0, 0, 2, 5, 1]), answers([0, 1, 0, 3, 1], [0, 1, 2, 4, 3]))).toBeUndefined();
    expect(discordance(answers([0, 0, 2, 5, 1]), answers([0, 0]))).toBeUndefined();
  });
});

describe('compareAnswers', () => {
  const compare = (first: readonly number[], second: readonly number[], better: 'lower' | 'higher') =>
    compareAnswers(
      { name: 'the student alone', values: Float64Array.from(first), better },
      { name: 'the distilled student', values: Float64Array.from(second), better },
    );

  // Wrong answers as 1. The distilled student mends six of them and breaks one; the last does not count.
  const alone = [1, 1, 1, 1, 1, 1, 0, 0, 1, NaN];
  const distilled = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0];

  it('is McNemar’s test of what only one of them answers right', () => {
    expect(compare(alone, distilled, 'lower')).toEqual({
      p: mcnemar(6, 1),
      test: 'McNemar’s exact test',
      words:
        'Of 9 examples, 6 are answered right only by the distilled student and 1 only by the student alone (McNemar’s exact test).',
    });
  });

  it('tells right from wrong also where 1 means right, as in top-k', () => {
    const turned = (values: readonly number[]) => values.map((value) => 1 - value);
    expect(compare(turned(alone), turned(distilled), 'higher')).toEqual(compare(alone, distilled, 'lower'));
  });

  it('tests the mean where numbers are no answers: losses, errors of many frames', () => {
    const losses = compare([1.5, 2, 3, 1], [0.5, 1, 1, 0], 'lower');
    expect(losses).toMatchObject({ test: 'sign-flip test', p: 2 / 16 });
    expect(losses.words).toMatch(
      /^Of 4 examples, 4 have a higher number with the student alone and 0 with the distilled student /,
    );
  });

  it('is 1 where nothing can be compared', () => {
    expect(compare([NaN], [1], 'lower').p).toBe(1);
    expect(compare([], [], 'lower').p).toBe(1);
  });
});

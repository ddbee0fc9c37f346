// What is asked of a classifier's answers: scores rather than probabilities.
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '@potstill/engine';
import { PotstillError } from 'potstill';
import { checkProbabilities } from '../../../src/tasks/classification/probabilities.js';

const float = (shape: readonly number[], data: Iterable<number>): HostTensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(data),
});

describe('checkProbabilities', () => {
  const source = { from: 'y' };
  const softmax = float([2, 3], [0.2, 0.3, 0.5, 1, 0, 0]);
  const sigmoid = float([2, 3], [0.2, 0.9, 0.5, 1, 0, 0]);

  it('refuses probabilities with the line to write', () => {
    const error = thrown(() => checkProbabilities(softmax, source));
    expect(error.code).toBe('PREFLIGHT_PROBABILITIES');
    expect(error.records[0].hint).toContain('`outputs: { logits: { from: y, as: probabilities } }`');
    const odd = thrown(() => checkProbabilities(softmax, { from: '/0/out:0' }));
    expect(odd.records[0].hint).toContain('{ from: "/0/out:0", as: probabilities }');
  });

  it('says that answers of a sigmoid need losses for many labels', () => {
    const error = thrown(() => checkProbabilities(sigmoid, source));
    expect(error.message).toContain('look like the answers of a sigmoid');
    expect(error.records[0].hint).toContain('losses for many labels');
  });

  it('tells other teachers what to answer with', () => {
    expect(thrown(() => checkProbabilities(softmax, undefined)).records[0].hint).toContain(
      'before the softmax, or with the logarithm',
    );
  });

  it.each([
    ['scores', float([2, 3], [0.2, 0.3, 0.5, 1, -0.1, 0.1])],
    ['scores above 1', float([1, 2], [0.5, 1.5])],
    ['NaN, which others refuse', float([1, 2], [NaN, 0.5])],
    ['one score an example', float([2, 1], [0.5, 0.2])],
    ['no examples', float([0, 3], [])],
  ])('is content with %s', (_what, logits) => {
    expect(() => checkProbabilities(logits, source)).not.toThrow();
  });

  it('believes what the recipe says', () => {
    expect(() => checkProbabilities(sigmoid, { from: 'y', as: 'logits' })).not.toThrow();
  });
});

function thrown(run: () => void): PotstillError {
  try {
    run();
  } catch (error) {
    if (error instanceof PotstillError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

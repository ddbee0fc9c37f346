// Which epoch is the best, by a figure.
import { describe, expect, it } from 'vitest';
import type { Figure } from 'potstill';
import { isBetter, selection } from '../../src/train/select.js';

const figures: readonly Figure[] = [
  { name: 'accuracy', title: 'Accuracy', unit: 'share', better: 'higher' },
  { name: 'wer', title: 'Word error rate', unit: 'share', better: 'lower' },
  { name: 'count', title: 'Examples', unit: 'count', better: null },
];

describe('selection', () => {
  it('takes the direction from the figure, not from its name', () => {
    expect(selection('accuracy', figures)).toEqual({ by: 'figure', name: 'accuracy', better: 'higher' });
    expect(selection('wer', figures)).toEqual({ by: 'figure', name: 'wer', better: 'lower' });
    expect(selection('last', figures)).toEqual({ by: 'last' });
  });

  it.each([
    ['acuracy', '`train.select` names the figure `acuracy`, which no metric of the recipe gives'],
    ['count', '`train.select` names the figure `count`, which says nothing about quality'],
  ])('refuses %s and lists what may be selected', (select, message) => {
    expect(() => selection(select, figures)).toThrow(
      expect.objectContaining({
        records: [
          expect.objectContaining({
            code: 'RECIPE_BAD_VALUE',
            message,
            allowed: ['last', 'primary', 'accuracy', 'wer'],
          }),
        ],
      }),
    );
  });
});

describe('isBetter', () => {
  const lower = selection('wer', figures);

  it('keeps the earlier of two equal epochs, and never one that is not finite', () => {
    expect(isBetter(lower, { wer: 0.5 }, null)).toEqual({ value: 0.5 });
    expect(isBetter(lower, { wer: 0.5 }, { value: 0.5 })).toBeNull();
    expect(isBetter(lower, { wer: 0.4 }, { value: 0.5 })).toEqual({ value: 0.4 });
    expect(isBetter(lower, { wer: NaN }, null)).toBeNull();
    expect(isBetter({ by: 'last' }, { wer: 0.1 }, null)).toBeNull();
  });
});

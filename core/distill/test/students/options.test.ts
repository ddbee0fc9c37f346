// What holds for the options of every student.
import { studentComponents } from 'potstill';
import { describe, expect, it } from 'vitest';
import { undescribed } from '../support/make-component.js';

describe('studentComponents', () => {
  it('describe every option and refuse unknown ones', () => {
    expect(studentComponents.flatMap(undescribed)).toEqual([]);
    for (const { options } of studentComponents)
      expect(options.safeParse({ model: 'm.json', hiden: [1] }).success).toBe(false);
  });

  it('refuse what cannot be a rate or a width', () => {
    const mlp = studentComponents.find(({ name }) => name === 'mlp');
    for (const options of [
      { dropout: 1 },
      { dropout: -0.1 },
      { hidden: [0] },
      { hidden: [1.5] },
      { init: 'he' },
    ])
      expect(mlp?.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
  });
});

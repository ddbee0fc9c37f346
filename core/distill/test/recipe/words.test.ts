// What schemas accept, in words.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { expectation, found } from '../../src/recipe/words.js';

describe('expectation', () => {
  it.each([
    [z.number(), 'a number'],
    [z.number().positive(), 'a number above 0'],
    [z.number().min(0).max(1), 'a number from 0 to 1'],
    [z.number().gt(0).lt(1), 'a number above 0 and below 1'],
    [z.number().min(0).lt(1), 'a number of at least 0 and below 1'],
    [z.int(), 'a whole number'],
    [z.int().min(1), 'a whole number of at least 1'],
    [z.string(), 'text'],
    [z.boolean(), '`true` or `false`'],
    [z.enum(['a', 'b', 'c']), '`a`, `b` or `c`'],
    [z.literal('on'), '`on`'],
    [z.array(z.int().min(1)), 'a list of whole numbers of at least 1'],
    [z.array(z.string()).min(2), 'a list of at least 2 texts'],
    [z.array(z.number()).length(3), 'a list of 3 numbers'],
    [z.array(z.unknown()), 'a list'],
    [z.tuple([z.number(), z.number()]), 'a list of a number, a number'],
    [z.union([z.number(), z.literal('auto')]), 'a number or `auto`'],
    [z.strictObject({ from: z.number(), to: z.number() }), 'a map of `from`, `to`'],
    [z.record(z.string(), z.number()), 'a map'],
    [z.number().nullable(), 'a number or `null`'],
    [z.string().optional(), 'text'],
    [z.unknown(), 'anything'],
    [z.date(), 'anything'],
  ])('%#', (schema, words) => {
    expect(expectation(schema)).toBe(words);
  });
});

describe('found', () => {
  it.each([
    [undefined, 'nothing'],
    [null, 'nothing'],
    ['5', 'the text `5`'],
    [5, 'the number 5'],
    [true, '`true`'],
    [[], 'an empty list'],
    [[1], 'a list of 1 entry'],
    [[1, 2], 'a list of 2 entries'],
    [{}, 'a map'],
  ])('tells %j as %s', (value, words) => {
    expect(found(value)).toBe(words);
  });

  it('cuts long texts', () => {
    expect(found('x'.repeat(100))).toBe(`the text \`${'x'.repeat(59)}…\``);
  });
});

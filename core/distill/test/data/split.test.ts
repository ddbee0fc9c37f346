// Splits: nothing is in two parts, groups stay whole, classes keep their shares, and the seed decides.
import { randomStream } from '@potstill/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitByClass, splitByGroup, SplitImpossible, type Split } from '../../src/data/index.js';

const random = randomStream(3);
const everyIndex = ({ train, parts }: Split) =>
  [train, ...Object.values(parts)].flatMap((part) => Array.from(part)).sort((a, b) => a - b);
const upTo = (size: number) => Array.from({ length: size }, (_, i) => i);
const sizesOf = (split: Split) => [
  split.train.length,
  ...Object.values(split.parts).map(({ length }) => length),
];

describe('splitByClass', () => {
  it('puts every example into one part, each class in its share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 4, max: 60 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(0.1, 0.25, 0.4),
        fc.integer(),
        (counts, share, seed) => {
          const targets = counts.flatMap((count, k) => Array<number>(count).fill(k));
          const split = splitByClass(targets, { validation: share }, randomStream(seed));
          expect(everyIndex(split)).toEqual(upTo(targets.length));
          const part = split.parts.validation ?? new Uint32Array();
          expect(part.length).toBe(Math.max(1, Math.round(share * targets.length)));
          counts.forEach((count, k) => {
            const taken = part.filter((index) => targets[index] === k).length;
            expect(Math.abs(taken - share * count)).toBeLessThan(1.5);
            expect(taken).toBeLessThan(count);
          });
        },
      ),
    );
  });

  it('takes numbers of examples, leaves those without a class, and keeps one of each class for training', () => {
    const targets = [0, 0, 0, 0, 1, 1, 1, 1, 2, -1, -1, -1];
    const split = splitByClass(targets, { test: 4, validation: 2 }, random);
    expect(sizesOf(split)).toEqual([6, 4, 2]);
    expect(Array.from(split.train)).toEqual(expect.arrayContaining([8, 9, 10, 11]));
    expect(everyIndex(split)).toEqual(upTo(12));
  });

  it('depends on the seed and on nothing else', () => {
    const targets = upTo(200).map((i) => i % 3);
    const split = (seed: number) => splitByClass(targets, { test: 0.2 }, randomStream(seed));
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
  });

  it('refuses what cannot be had', () => {
    expect(() => splitByClass([0, 1, 2], { test: 0.5 }, random)).toThrow(SplitImpossible);
    expect(() => splitByClass([0, 1, 2], { test: 0.5 }, random)).toThrow(
      'test: 2 of 3 examples cannot be taken so that every class keeps one for training',
    );
  });
});

describe('splitByGroup', () => {
  it('keeps every group in one part, and every part near its size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 30, maxLength: 60 }),
        fc.integer(),
        (counts, seed) => {
          const groups = counts.flatMap((count, k) => Array<number>(count).fill(7 * k - 3));
          const split = splitByGroup(groups, { test: 0.2, validation: 0.2 }, randomStream(seed));
          expect(everyIndex(split)).toEqual(upTo(groups.length));
          const partOf = new Map<number | undefined, Set<string>>();
          for (const [name, part] of [['train', split.train] as const, ...Object.entries(split.parts)])
            for (const index of part)
              partOf.set(groups[index], (partOf.get(groups[index]) ?? new Set()).add(name));
          for (const names of partOf.values()) expect(names.size).toBe(1);
          for (const part of Object.values(split.parts))
            expect(Math.abs(part.length - 0.2 * groups.length)).toBeLessThan(5);
        },
      ),
    );
  });

  it('leaves a group for each part, however large they are', () => {
    const groups = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2];
    const split = splitByGroup(groups, { test: 1, validation: 1 }, random);
    expect(sizesOf(split).every((size) => size > 0)).toBe(true);
    expect(() => splitByGroup([0, 0, 1], { test: 1, validation: 1 }, random)).toThrow(
      '2 groups cannot be split into 3 parts',
    );
  });
});

// Schedules beside PyTorch, and at their ends.
import { readFileSync } from 'node:fs';
import { scheduleComponents, type Schedule } from 'potstill';
import { describe, expect, it } from 'vitest';
import { makeComponent, undescribed } from '../support/make-component.js';

const golden = JSON.parse(
  readFileSync(new URL('../../../../test/golden/schedules.json', import.meta.url), 'utf8'),
) as Record<string, number[]>;

async function values(name: string, options: Record<string, unknown>, steps = 40): Promise<number[]> {
  const schedule = (await makeComponent(scheduleComponents, name, options, {})) as Schedule;
  return Array.from({ length: steps }, (_, step) => schedule({ step, steps, stepsPerEpoch: 10 }));
}

function expectClose(actual: readonly number[], expected: readonly number[] | undefined): void {
  expect(actual.length).toBe(expected?.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected?.[i] as number, 8));
}

describe('schedules beside PyTorch', () => {
  it('step', async () => expectClose(await values('step', { value: 1, every: 2 }), golden.step));
  it('cosine', async () => expectClose(await values('cosine', { peak: 1, floor: 0.1 }), golden.cosine));
  it('polynomial', async () =>
    expectClose(await values('polynomial', { value: 1, power: 2, epochs: 3 }), golden.polynomial));
  it('polynomial after a warm-up', async () =>
    expectClose(await values('polynomial', { value: 1, power: 1.5, warmup: 1 }), golden.warmup));
  it('inverse-square-root', async () =>
    expectClose(await values('inverse-square-root', { peak: 1, warmup: 1 }), golden.inverseSquareRoot));
  it('one-cycle', async () => expectClose(await values('one-cycle', { peak: 1 }), golden.oneCycle));
});

describe('constant', () => {
  it('is the same throughout', async () =>
    expect(new Set(await values('constant', { value: 3 }))).toEqual(new Set([3])));
});

describe('linear', () => {
  it('reaches its end after the epochs named, and stays', async () => {
    const line = await values('linear', { from: 1, to: 0, epochs: 2 });
    expect([line[0], line[10], line[20], line[39]]).toEqual([1, 0.5, 0, 0]);
  });

  it('takes the whole training otherwise', async () => {
    const line = await values('linear', { from: 0, to: 4 });
    expect([line[0], line[10], line[39]]).toEqual([0, 1, 3.9]);
  });
});

describe('polynomial', () => {
  it('falls to its floor, and stays', async () => {
    const line = await values('polynomial', { value: 3, power: 2, floor: 1, epochs: 2 });
    expect([line[0], line[10], line[20], line[39]]).toEqual([3, 1.5, 1, 1]);
  });
});

describe('inverse-square-root', () => {
  it('halves when four times the updates are made', async () => {
    const line = await values('inverse-square-root', { peak: 2, warmup: 0.4 });
    expect([line[0], line[3], line[15]]).toEqual([0.5, 2, 1]);
  });

  it('begins at the peak when the warm-up is less than an update', async () =>
    expect((await values('inverse-square-root', { peak: 1, warmup: 0.01 }))[0]).toBe(1));
});

describe('warmup', () => {
  it.each([
    ['constant', { value: 2 }],
    ['step', { value: 2, every: 1 }],
    ['cosine', { peak: 2 }],
    ['linear', { from: 2, to: 0 }],
    ['polynomial', { value: 2 }],
  ])('of %s rises to its first value, and leaves it the rest of the training', async (name, options) => {
    const line = await values(name, { ...options, warmup: 1 });
    line.slice(0, 10).forEach((value, i) => expect(value).toBeCloseTo((2 * (i + 1)) / 10, 10));
    expectClose(line.slice(10), await values(name, options, 30));
  });
});

describe('cosine', () => {
  it('warms up in a straight line to the peak, without an update at 0', async () => {
    const line = await values('cosine', { peak: 1, warmup: 1 });
    line.slice(0, 10).forEach((value, i) => expect(value).toBeCloseTo((i + 1) / 10, 10));
    expect(line[10]).toBe(1);
    expect(line[25]).toBeCloseTo(0.5, 10);
  });

  it('never passes the peak with a fraction of a step of warm-up', async () => {
    expect(Math.max(...(await values('cosine', { peak: 1, warmup: 0.25 })))).toBe(1);
  });

  it('only warms up when the training is no longer than that', async () => {
    expect(await values('cosine', { peak: 1, warmup: 9 }, 4)).toEqual([0.25, 0.5, 0.75, 1]);
  });
});

describe('every schedule', () => {
  it.each([
    ['constant', { value: 1 }],
    ['step', { value: 1, every: 0.05 }],
    ['cosine', { peak: 1 }],
    ['linear', { from: 1, to: 0 }],
    ['polynomial', { value: 1 }],
    ['inverse-square-root', { peak: 1, warmup: 1 }],
    ['constant', { value: 1, warmup: 1 }],
    ['linear', { from: 1, to: 0, warmup: 1 }],
    ['polynomial', { value: 1, warmup: 1 }],
    ['one-cycle', { peak: 1 }],
  ])('%s: is finite in a training of one update', async (name, options) => {
    expect(await values(name, options, 1)).toEqual([1]);
  });

  it('describes every option and refuses unknown ones', () => {
    expect(scheduleComponents.flatMap(undescribed)).toEqual([]);
    for (const { options } of scheduleComponents) {
      const given = { value: 1, peak: 1, from: 1, to: 1, every: 1, paek: 1 };
      const issues = options.safeParse(given).error?.issues ?? [];
      expect(issues.map(({ code }) => code)).toContain('unrecognized_keys');
    }
  });
});

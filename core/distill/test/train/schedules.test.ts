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

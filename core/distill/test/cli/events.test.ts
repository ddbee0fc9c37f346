// Events in words, and as the lines of a log.
import { describe, expect, it } from 'vitest';
import type { RunEvent } from 'potstill';
import { epochText, progressText, warningText } from '../../src/cli/event-text.js';
import { plainProgress } from '../../src/cli/show-plain.js';

const progress = (change: object = {}) =>
  ({
    event: 'progress',
    stage: 'student',
    done: 125_000,
    total: 500_000,
    unit: 'examples',
    unitsPerSecond: 41_000.4,
    secondsLeft: 65,
    figures: { loss: 0.21342 },
    at: { epoch: 2, epochs: 10, step: 25, steps: 100 },
    ...change,
  }) as const;

const epoch = (metrics: Record<string, number>) =>
  ({ event: 'epoch', stage: 'student', epoch: 3, epochs: 10, metrics }) as const;

describe('progressText', () => {
  it('counts the epoch under way from 1, and never beyond the last', () => {
    expect(progressText(progress())).toBe('epoch 3/10, loss 0.2134, 41,000 examples/s, 1 min 05 s left');
    expect(
      progressText(progress({ at: { epoch: 10, epochs: 10, step: 100, steps: 100 }, secondsLeft: 0 })),
    ).toContain('epoch 10/10');
  });

  it('counts what a stage without epochs does', () => {
    const labelling = {
      event: 'progress',
      stage: 'label',
      done: 25_600,
      total: 60_000,
      unit: 'examples',
      unitsPerSecond: 4321.4,
      secondsLeft: 8,
      figures: {},
    } as const;
    expect(progressText(labelling)).toBe('25,600/60,000 examples, 4,321 examples/s, 8.0 s left');
  });
});

describe('epochText', () => {
  it('gives metrics with four digits, counts whole, without the rate and a loss that is the only one', () => {
    expect(epochText(epoch({ loss: 0.123456, 'loss.a': 0.123456, rate: 0.1, errors: 1310 }))).toBe(
      'epoch 3/10: loss 0.1235, errors 1,310',
    );
    expect(epochText(epoch({ loss: 1.5, 'loss.a': 0.5, 'loss.b': 1 }))).toBe(
      'epoch 3/10: loss 1.500, loss.a 0.5000, loss.b 1',
    );
    expect(epochText({ ...epoch({ loss: 1.5 }), waited: 0.0312 })).toBe(
      'epoch 3/10: loss 1.500, waited for data 3 %',
    );
  });
});

describe('warningText', () => {
  it('gives code and message, and the hint on a line of its own', () => {
    const warning = { event: 'warning', code: 'RUN_NO_TEST_DATA', message: 'no test data' } as const;
    expect(warningText(warning)).toBe('warning[RUN_NO_TEST_DATA]: no test data');
    expect(warningText({ ...warning, hint: 'Add it.' })).toBe(
      'warning[RUN_NO_TEST_DATA]: no test data\n  help: Add it.',
    );
  });
});

describe('plainProgress', () => {
  it('writes a line a stage and an epoch, and of the rest one in ten seconds', () => {
    const lines: string[] = [];
    let time = 0;
    const sink = plainProgress(
      (line) => lines.push(line),
      () => time,
    );
    const emit = (event: RunEvent, seconds = 0) => {
      time += 1000 * seconds;
      sink.emit(event);
    };
    emit({ event: 'stage', stage: 'student', state: 'start' });
    for (let i = 0; i < 30; i++) emit(progress(), 0.5);
    emit(epoch({ loss: 1.5 }));
    emit(progress(), 9);
    emit({ event: 'stage', stage: 'student', state: 'end', detail: 'well' });
    emit({ event: 'done', runFolder: 'runs/x', summary: {} });
    expect(lines).toEqual([
      '== student',
      '   epoch 3/10, loss 0.2134, 41,000 examples/s, 1 min 05 s left',
      '   epoch 3/10: loss 1.500',
      '   student done: well',
    ]);
  });
});

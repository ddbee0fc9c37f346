// The share of a training's time in which no step ran.
import { describe, expect, it } from 'vitest';
import { WaitMeter } from '../../src/train/wait-meter.js';

describe('WaitMeter', () => {
  it('tells the share of time between steps, without what is skipped, anew after each answer', () => {
    let now = 1000;
    const meter = new WaitMeter({ now: () => now });
    expect(meter.share()).toBeUndefined();
    now += 10;
    meter.step(8);
    now += 500;
    meter.skip();
    now += 10;
    meter.step(7);
    expect(meter.share()).toBeCloseTo(5 / 20);
    now += 10;
    meter.step(10);
    expect(meter.share()).toBe(0);
  });

  it('stays within 0 and 1 where clocks disagree', () => {
    let now = 0;
    const meter = new WaitMeter({ now: () => now });
    now += 4;
    meter.step(4.6);
    expect(meter.share()).toBe(0);
  });
});

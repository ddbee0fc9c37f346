// Comparing outputs, and medians of time.
import { describe, expect, it } from 'vitest';
import type { HostTensors } from 'potstill';
import { maxDifference } from '../../src/export/compare.js';
import { medianTime } from '../../src/export/latency.js';

function outputs(values: readonly number[], shape: readonly number[] = [values.length]): HostTensors {
  return { logits: { dtype: 'float32', shape, data: Float32Array.from(values) } };
}

describe('maxDifference', () => {
  it('is the largest absolute difference', () => {
    expect(maxDifference('onnx', outputs([1, -1000]), outputs([1.25, -1000.5]))).toBe(0.5);
    expect(maxDifference('onnx', outputs([]), outputs([]))).toBe(0);
  });

  it('takes NaN and infinity only where the student has the same', () => {
    expect(maxDifference('onnx', outputs([NaN, -Infinity, 1]), outputs([NaN, -Infinity, 1]))).toBe(0);
    expect(() => maxDifference('onnx', outputs([1, 1]), outputs([NaN, 1]))).toThrow('EXPORT_FAILED');
    expect(() => maxDifference('onnx', outputs([NaN, 1]), outputs([1, 1]))).toThrow('EXPORT_FAILED');
  });

  it('refuses more than a thousandth of the largest value', () => {
    expect(maxDifference('onnx', outputs([100, 0]), outputs([100, 0.09375]))).toBe(0.09375);
    expect(() => maxDifference('onnx', outputs([100, 0]), outputs([100, 0.125]))).toThrow(
      "output `logits` of the exported model differs from the student's by 0.125 on real examples, where values reach 100",
    );
  });

  it('names an output that is missing or has another shape', () => {
    expect(() => maxDifference('onnx', outputs([1]), {})).toThrow(
      'the exported model has no output `logits`',
    );
    expect(() => maxDifference('tfjs', outputs([1, 2], [1, 2]), outputs([1, 2], [2, 1]))).toThrow(
      "export `tfjs`: output `logits` of the exported model is [2, 1], the student's is [1, 2]",
    );
  });
});

describe('medianTime', () => {
  it('runs as often as asked, warm-up first, one after another', async () => {
    let running = 0;
    let runs = 0;
    const run = async () => {
      expect(++running).toBe(1);
      await Promise.resolve();
      running--;
      runs++;
    };
    const median = await medianTime(run, { warmUp: 2, runs: 4 });
    expect(runs).toBe(6);
    expect(median).toBeGreaterThanOrEqual(0);
    expect(await medianTime(run, { warmUp: 0, runs: 1 })).toBeGreaterThanOrEqual(0);
  });
});

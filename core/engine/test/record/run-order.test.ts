// Results are asked for in an order that holds little in memory, however the variables are listed.
import { describe, expect, it } from 'vitest';
import { peakBytes } from '../../src/graph/liveness.js';
import { portable } from '../../src/graph/target.js';
import { kernelTable } from '../../src/kernels/index.js';
import { lastReadyFirst } from '../../src/record/run-order.js';
import { Recorded, type TapedKernel } from '../../src/record/tape.js';
import { stepGraph } from '../../src/session/compiled-step.js';
import { mlp, mlpBatch } from '../helpers/mlp.js';

describe('a recorded step', () => {
  it('takes the same memory whatever the order of its variables', () => {
    const widths = [16, ...new Array<number>(10).fill(16), 4];
    const net = mlp(widths);
    const peaks = [net.variables, net.variables.toReversed()].map((variables) =>
      peakBytes(
        stepGraph({ ...net.definition, variables }, mlpBatch(500, widths), {
          table: kernelTable,
          passes: {},
          target: portable,
        }).graph,
      ),
    );
    expect(peaks[1]).toBe(peaks[0]);
    net.dispose();
  });
});

describe('lastReadyFirst', () => {
  it('sorts by when gradients are there, or else by when the value is', () => {
    const kernels: TapedKernel[] = [];
    const made = (): Recorded => {
      const kernel = { kernel: 'K', inputs: {}, attributes: {}, outputs: [], line: () => undefined };
      kernels.push(kernel);
      return new Recorded([], 'float32', { kind: 'kernel', kernel, index: 0 });
    };
    const statistic = { input: 'statistic', next: made() };
    const [sooner, later] = [made(), made()];
    const first = { input: 'first', next: made() };
    const second = { input: 'second', next: made() };
    const gradients = new Map([
      ['first', later],
      ['second', sooner],
    ]);
    const constant = {
      input: 'constant',
      next: new Recorded([], 'float32', { kind: 'constant', data: { fill: 0 } }),
    };
    expect(lastReadyFirst([constant, statistic, second, first], gradients, kernels)).toEqual([
      first,
      second,
      statistic,
      constant,
    ]);
  });
});

// Gradients of reductions and scans against finite differences.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { HostTensor } from '@potstill/engine';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { apart, distinct, normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

const shapeWithAxes = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  .chain((shape) => fc.tuple(fc.constant(shape), fc.subarray(shape.map((_, i) => i)), fc.boolean()));

describe('gradients of reductions', () => {
  it('are the derivatives over shapes and axes, none and all included', async () => {
    await fc.assert(
      fc.asyncProperty(shapeWithAxes, async ([shape, axes, keep]) => {
        const full = shape.map((n) => Math.max(1, n));
        await expectTrueGradients([
          { name: 'sum', inputs: [normals(shape)], op: (x) => tf.sum(x, axes, keep) },
          { name: 'mean', inputs: [normals(full)], op: (x) => tf.mean(x, axes, keep) },
          { name: 'max', inputs: [distinct(full)], op: (x) => tf.max(x, axes, keep) },
          { name: 'min', inputs: [distinct(full)], op: (x) => tf.min(x, axes, keep) },
          { name: 'prod', inputs: [apart(0.5, 1.5)(full)], op: (x) => tf.prod(x, axes, keep) },
          { name: 'logSumExp', inputs: [normals(full)], op: (x) => tf.logSumExp(x, axes, keep) },
          {
            name: 'moments',
            inputs: [normals(full)],
            op: (x) => {
              const { mean, variance } = tf.moments(x, axes, keep);
              return [mean, variance];
            },
          },
        ]);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it('are the derivatives for norms', async () => {
    const x = apart(0.3, 2)([3, 4]);
    const orders = [1, 2, 'euclidean'] as const;
    await expectTrueGradients([
      ...orders.map((order): Case => ({
        name: `norm ${order}`,
        inputs: [x],
        op: (a) => tf.norm(a, order, 1),
      })),
      { name: 'largest', inputs: [distinct([3, 4])], op: (a) => tf.norm(tf.abs(a), Infinity, 0) },
      { name: 'whole', inputs: [x], op: (a) => tf.norm(a) },
    ]);
  });

  it('are the derivatives for running sums', async () => {
    await expectTrueGradients(
      [[1], [5], [2, 4, 3], [0, 3], [3, 1]].flatMap((shape) =>
        shape.flatMap((_, axis) =>
          [0, 1, 2, 3].map((bits): Case => ({
            name: `cumsum of [${shape.join()}] along ${axis} (${bits})`,
            inputs: [normals(shape)],
            op: (x) => tf.cumsum(x, axis, (bits & 1) > 0, (bits & 2) > 0),
          })),
        ),
      ),
    );
  });

  it('are the derivatives for running products, zeros included', async () => {
    const some = apart(0.5, 1.5)([2, 4, 3]);
    const zeros: HostTensor = {
      dtype: 'float32',
      shape: some.shape,
      data: Float32Array.from(some.data, (x, i) => (i % 5 === 0 ? 0 : x)),
    };
    await expectTrueGradients(
      [some, zeros, apart(0.5, 1.5)([1]), apart(0.5, 1.5)([0, 3]), apart(0.5, 1.5)([3, 1])].flatMap(
        (x, which) =>
          x.shape.flatMap((_, axis) =>
            [0, 1, 2, 3].map((bits): Case => ({
              name: `cumprod of ${which} along ${axis} (${bits})`,
              inputs: [x],
              op: (a) => tf.cumprod(a, axis, (bits & 1) > 0, (bits & 2) > 0),
            })),
          ),
      ),
    );
  });

  it('pass no gradient through places and truths', async () => {
    await expectTrueGradients([
      {
        name: 'argMax as a weight',
        inputs: [distinct([3, 4])],
        op: (x) => tf.mul(x, tf.expandDims(tf.cast(tf.argMax(x, 1), 'float32'), 1)),
      },
      {
        name: 'argMin as a choice',
        inputs: [distinct([3, 4])],
        op: (x) => tf.mul(x, tf.oneHot(tf.argMin(x, 1), 4)),
      },
      {
        name: 'any and all',
        inputs: [distinct([3, 4])],
        op: (x) =>
          tf.mul(x, tf.cast(tf.logicalXor(tf.any(tf.greater(x, 0.1)), tf.all(tf.less(x, 0.1))), 'float32')),
      },
    ]);
  });
});

holdVisits(import.meta.url);

// Gradients of reading and writing at positions, and of resizing, against finite differences.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { distinct, indices, int32, normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

describe('gradients of gathers and scatters', () => {
  it('are the derivatives over axes and batch axes, indices repeated', async () => {
    const gathers: [number[], number[], number, number?][] = [
      [[5, 3], [4], 0],
      [[5, 3], [], 0],
      [[5, 3], [0], 0],
      [[1, 3], [6], 0],
      [[2, 5, 3], [2, 2], 1],
      [[2, 5, 3], [2, 2], 1, 1],
      [[2, 3, 4], [3], 2],
      [[2, 4, 3], [2, 3], 1, 1],
    ];
    await expectTrueGradients(
      gathers.map(([shape, places, axis, batchDims = 0]): Case => ({
        name: `gather [${places.join()}] of [${shape.join()}] along ${axis}, ${batchDims} batch axes`,
        inputs: [normals(shape), indices(shape[axis] as number, places, 3)],
        op: (x, i: tf.Tensor1D) => tf.gather(x, i, axis, batchDims),
      })),
    );
  });

  it('are the derivatives for embeddings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 2 }),
        async (words, width, shape) => {
          await expectTrueGradients([
            {
              name: 'by gather',
              inputs: [normals([words, width]), indices(words, shape, 2)],
              op: (table, i: tf.Tensor1D) => tf.square(tf.gather(table, i)),
            },
            {
              name: 'by one-hot rows',
              inputs: [normals([words, width]), indices(words, [shape[0] ?? 1], 2)],
              op: (table, i) => tf.matMul(tf.oneHot(i, words), table),
            },
          ]);
        },
      ),
      { numRuns: 10, seed: 1 },
    );
  });

  it('are the derivatives for segment sums, means and softmaxes, as graphs need them', async () => {
    const edges = 9;
    for (const [nodes, width] of [
      [4, 3],
      [1, 1],
      [30, 2],
    ] as const) {
      const [from, to] = [indices(nodes, [edges], 4), indices(nodes, [edges], 5)];
      const sum = (x: tf.Tensor, ids: tf.Tensor) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, nodes);
      await expectTrueGradients([
        { name: 'sum', inputs: [normals([edges, width]), to], op: sum },
        {
          name: 'mean over neighbours',
          inputs: [normals([nodes, width]), from, to],
          op: (x, a, b) => {
            const total = sum(tf.gather(x, a), b);
            const count = sum(tf.ones([edges, 1]), b);
            return tf.div(total, tf.maximum(count, 1));
          },
        },
        {
          name: 'attention over neighbours',
          inputs: [normals([nodes, width]), normals([width, 1], 2), from, to],
          op: (x, w, a, b) => {
            const message = tf.gather(x, a);
            const weight = tf.exp(tf.leakyRelu(tf.matMul(message, w), 0.2));
            const total = tf.gather(sum(weight, b), b);
            return sum(tf.mul(message, tf.div(weight, total)), b);
          },
        },
      ]);
    }
  });

  it('are the derivatives for tuples of indices', async () => {
    await expectTrueGradients([
      {
        name: 'gatherND of elements',
        inputs: [normals([3, 4]), int32([0, 1, 2, 3, 0, 1], [3, 2])],
        op: (x, i) => tf.gatherND(x, i),
      },
      {
        name: 'gatherND of rows',
        inputs: [normals([3, 4]), int32([2, 0, 2], [3, 1])],
        op: (x, i) => tf.gatherND(x, i),
      },
      {
        name: 'scatterND',
        inputs: [normals([3, 2]), int32([1, 3, 1], [3, 1])],
        op: (x, i) => tf.scatterND(i, x, [5, 2]),
      },
      {
        name: 'scatterND of elements',
        inputs: [normals([3]), int32([0, 1, 2, 0, 0, 1], [3, 2])],
        op: (x, i) => tf.scatterND(i, x, [3, 2]),
      },
      {
        name: 'tensorScatterUpdate',
        inputs: [normals([4, 2]), normals([2, 2], 2), int32([3, 1], [2, 1])],
        op: (x, updates, i) => tf.tensorScatterUpdate(x, i, updates),
      },
    ]);
  });

  it('are the derivatives for the largest', async () => {
    await expectTrueGradients(
      [[4], [2, 5], [2, 3, 4], [3, 1], [0, 3]].flatMap((shape): Case[] =>
        [1, shape.at(-1) as number].map((k) => ({
          name: `the ${k} largest of [${shape.join()}]`,
          inputs: [distinct(shape)],
          op: (x) => {
            const { values, indices: places } = tf.topk(x, k);
            return [tf.square(values), places];
          },
        })),
      ),
    );
  });

  it('are the derivatives for a mask of the largest', async () => {
    await expectTrueGradients([
      {
        name: 'elements among the two largest of their row',
        inputs: [distinct([3, 5])],
        op: (x) => {
          const least = tf.slice(tf.topk(x, 2).values, [0, 1], [3, 1]);
          return tf.where(tf.greaterEqual(x, least), tf.square(x), tf.zerosLike(x));
        },
      },
      {
        name: 'elements chosen by one-hot rows of the largest',
        inputs: [distinct([3, 5])],
        op: (x) => tf.sum(tf.mul(x, tf.oneHot(tf.argMax(x, 1), 5)), 1),
      },
    ]);
  });
});

describe('gradients of resizing', () => {
  it('are the derivatives over sizes, aligned and centred', async () => {
    const geometry = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      size: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })),
      to: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 6 })),
      mode: fc.constantFrom<[boolean, boolean]>([false, false], [true, false], [false, true]),
    });
    await fc.assert(
      fc.asyncProperty(geometry, async ({ batch, size, to, mode: [align, half] }) => {
        const x = normals([batch, ...size, 2]);
        await expectTrueGradients([
          {
            name: 'bilinear',
            inputs: [x],
            op: (a: tf.Tensor4D) => tf.image.resizeBilinear(a, to, align, half),
          },
          {
            name: 'nearest',
            inputs: [x],
            op: (a: tf.Tensor4D) => tf.image.resizeNearestNeighbor(a, to, align, half),
          },
        ]);
      }),
      { numRuns: 20, seed: 3 },
    );
  });
});

holdVisits(import.meta.url);

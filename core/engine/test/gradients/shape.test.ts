// Gradients of what joins, cuts, pads, orders and repeats, against finite differences.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

const someShape = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });

describe('gradients of shapes', () => {
  it('are the derivatives for orders, repetitions, reversals and reshapes', async () => {
    await fc.assert(
      fc.asyncProperty(someShape, fc.nat(50), async (shape, salt) => {
        const x = normals(shape);
        const axis = salt % shape.length;
        const perm = shape
          .map((_, i) => i)
          .sort((a, b) => ((a * 7 + salt) % 5) - ((b * 7 + salt) % 5) || a - b);
        const reps = shape.map((_, i) => ((salt + i) % 3) + 1);
        const size = shape.reduce((product, n) => product * n, 1);
        const wide = [2, ...shape.map((n, i) => (n === 1 && i === axis ? 3 : n))];
        await expectTrueGradients([
          { name: 'transpose', inputs: [x], op: (a) => tf.square(tf.transpose(a, perm)) },
          { name: 'tile', inputs: [x], op: (a) => tf.square(tf.tile(a, reps)) },
          { name: 'expandDims', inputs: [x], op: (a) => tf.expandDims(a, axis) },
          { name: 'squeeze', inputs: [x], op: (a) => tf.squeeze(tf.square(a)) },
          { name: 'reshape', inputs: [x], op: (a) => tf.reshape(tf.square(a), [size]) },
          { name: 'reverse', inputs: [x], op: (a) => tf.square(tf.reverse(a, axis)) },
          { name: 'broadcastTo', inputs: [x], op: (a) => tf.square(tf.broadcastTo(a, wide)) },
        ]);
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it('are the derivatives for joins and splits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
        fc.nat(3),
        fc.tuple(fc.nat(3), fc.nat(3)),
        async (shape, where, [first, second]) => {
          const axis = where % shape.length;
          const of = (length: number) => shape.map((n, i) => (i === axis ? length : n));
          const split = [first, second, 2];
          await expectTrueGradients([
            {
              name: 'concat',
              inputs: [normals(of(first)), normals(of(second), 2), normals(of(2), 3)],
              op: (...x) => tf.square(tf.concat(x, axis)),
            },
            {
              name: 'stack',
              inputs: [normals(shape), normals(shape, 2)],
              op: (...x) => tf.square(tf.stack(x, axis)),
            },
            {
              name: 'split',
              inputs: [normals(of(first + second + 2))],
              op: (x) => tf.split(x, split, axis).map((part, i) => tf.mul(part, tf.scalar(i + 2))),
            },
            {
              name: 'one part of a split',
              inputs: [normals(of(4))],
              op: (x) => tf.square(tf.split(x, 2, axis)[1] as tf.Tensor),
            },
            {
              name: 'unstack',
              inputs: [normals(shape)],
              op: (x) => tf.unstack(x, axis).map((part, i) => tf.mul(part, tf.scalar(i + 2))),
            },
          ]);
        },
      ),
      { numRuns: 12, seed: 2 },
    );
  });

  it('are the derivatives for slices', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(4), fc.nat(5)), {
          minLength: 1,
          maxLength: 4,
        }),
        async (axes) => {
          const begin = axes.map(([n, start]) => start % n);
          const size = axes.map(([n, start, count]) => Math.min(count, n - (start % n)));
          await expectTrueGradients([
            {
              name: 'slice',
              inputs: [normals(axes.map(([n]) => n))],
              op: (x) => tf.square(tf.slice(x, begin, size)),
            },
          ]);
        },
      ),
      { numRuns: 12, seed: 3 },
    );
  });

  it('are the derivatives for strided slices, backwards too', async () => {
    const of = (name: string, ...at: [number[], number[], number[]?, ...number[]]): Case => ({
      name,
      inputs: [normals([5, 6, 7])],
      op: (x) => tf.square(tf.stridedSlice(x, ...at)),
    });
    await expectTrueGradients([
      of('strides', [0, 1, 2], [5, 6, 7], [2, 1, 3]),
      of('backwards', [4, 5, 6], [-6, 0, 1], [-1, -2, -3]),
      of('an axis dropped', [1, 0, 0], [3, 1, 1], [1, 1, 1], 0, 0, 0, 0, 0b010),
      of('masks and an ellipsis', [0, 1], [0, 3], [1, 1], 0b01, 0b01, 0b10),
      of('an axis put in', [0, 0, 0, 0], [0, 5, 6, 7], [1, 1, 1, 1], 0, 0, 0, 0b0001),
      of('nothing', [2, 0, 0], [2, 6, 7], [1, 1, 1]),
      of('from the end', [-2, -3, -4], [5, 6, 7], [1, 2, 3]),
      of('one element', [3, 2, 1], [4, 3, 2], [1, 1, 1]),
    ]);
  });

  it('are the derivatives for padding', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(3), fc.nat(3)), {
          minLength: 1,
          maxLength: 4,
        }),
        async (axes) => {
          const x = normals(axes.map(([n]) => n));
          const padding = axes.map(([, before, after]): [number, number] => [before, after]);
          const mirrored = (most: (n: number) => number) =>
            axes.map(([n, before, after]): [number, number] => [
              Math.min(before, most(n)),
              Math.min(after, most(n)),
            ]);
          await expectTrueGradients([
            { name: 'pad', inputs: [x], op: (a) => tf.square(tf.pad(a, padding, 0.5)) },
            {
              name: 'reflect',
              inputs: [x],
              op: (a) =>
                tf.square(
                  tf.mirrorPad(
                    a,
                    mirrored((n) => n - 1),
                    'reflect',
                  ),
                ),
            },
            {
              name: 'symmetric',
              inputs: [x],
              op: (a) =>
                tf.square(
                  tf.mirrorPad(
                    a,
                    mirrored((n) => n),
                    'symmetric',
                  ),
                ),
            },
          ]);
        },
      ),
      { numRuns: 12, seed: 4 },
    );
  });

  it('are the derivatives for blocks, diagonals and mirrored images', async () => {
    await expectTrueGradients([
      {
        name: 'spaceToBatchND',
        inputs: [normals([2, 4, 5, 3])],
        op: (x) =>
          tf.spaceToBatchND(
            x,
            [2, 3],
            [
              [0, 0],
              [0, 1],
            ],
          ),
      },
      {
        name: 'batchToSpaceND',
        inputs: [normals([12, 2, 2, 3])],
        op: (x) =>
          tf.batchToSpaceND(
            x,
            [2, 3],
            [
              [0, 1],
              [1, 0],
            ],
          ),
      },
      {
        name: 'depthToSpace',
        inputs: [normals([2, 3, 2, 12])],
        op: (x: tf.Tensor4D) => tf.depthToSpace(x, 2),
      },
      { name: 'diag', inputs: [normals([3])], op: (x) => tf.diag(x) },
      { name: 'diag of a matrix', inputs: [normals([2, 3])], op: (x) => tf.diag(x) },
      {
        name: 'flipLeftRight',
        inputs: [normals([2, 3, 4, 2])],
        op: (x: tf.Tensor4D) => tf.image.flipLeftRight(x),
      },
    ]);
  });
});

holdVisits(import.meta.url);

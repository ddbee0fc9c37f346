// Gradients of pools against finite differences.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { expectTrueGradients } from '../helpers/differences.js';
import { distinct, normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

type Pad = 'same' | 'valid' | number;

const rounding = (pad: Pad) => (typeof pad === 'number' ? ('floor' as const) : undefined);

const geometry = fc.record({
  batch: fc.integer({ min: 0, max: 2 }),
  height: fc.integer({ min: 4, max: 7 }),
  width: fc.integer({ min: 4, max: 7 }),
  channels: fc.integer({ min: 1, max: 3 }),
  size: fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 2, max: 3 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })),
  pad: fc.constantFrom<Pad>('same', 'valid', 0, 1),
});

describe('gradients of pools', () => {
  it('are the derivatives over windows, overlapping or not, strides and padding', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async ({ batch, height, width, channels, pad, ...window }) => {
        // Padded by a number, TF.js takes the size of the result from the rows alone: windows would see nothing.
        const square = ([rows, columns]: [number, number]): [number, number] =>
          typeof pad === 'number' ? [rows, rows] : [rows, columns];
        const [size, strides] = [square(window.size), square(window.strides)];
        const shape = [batch, height, width, channels];
        await expectTrueGradients([
          {
            name: 'maxPool',
            inputs: [distinct(shape)],
            op: (x: tf.Tensor4D) => tf.maxPool(x, size, strides, pad, rounding(pad)),
          },
          {
            name: 'avgPool',
            inputs: [normals(shape)],
            op: (x: tf.Tensor4D) => tf.avgPool(x, size, strides, pad, rounding(pad)),
          },
          {
            name: 'window of one',
            inputs: [normals(shape)],
            op: (x: tf.Tensor4D) => [tf.maxPool(x, 1, strides, 'same'), tf.avgPool(x, 1, strides, 'valid')],
          },
        ]);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it.each(['floor', 'round', 'ceil'] as const)('are the derivatives with rounding mode %s', async (mode) => {
    await expectTrueGradients(
      [1, 2, 3].flatMap((stride) => [
        {
          name: `maxPool by ${stride}`,
          inputs: [distinct([1, 7, 6, 2])],
          op: (x: tf.Tensor4D) => tf.maxPool(x, 3, stride, 1, mode),
        },
        {
          name: `avgPool by ${stride}`,
          inputs: [normals([1, 7, 6, 2])],
          op: (x: tf.Tensor4D) => tf.avgPool(x, 3, stride, 1, mode),
        },
      ]),
    );
  });

  it('are the derivatives for tf.pool with dilated windows', async () => {
    await expectTrueGradients(
      (['max', 'avg'] as const).flatMap((kind) =>
        (['same', 'valid'] as const).map((pad) => ({
          name: `${kind} ${pad}`,
          inputs: [distinct([2, 7, 8, 2])],
          op: (x: tf.Tensor4D) => tf.pool(x, [2, 3], kind, pad, [2, 2], [1, 1]),
        })),
      ),
    );
  });

  it('are the derivatives over the whole image', async () => {
    await expectTrueGradients([
      {
        name: 'maxPool',
        inputs: [distinct([2, 4, 5, 3])],
        op: (x: tf.Tensor4D) => tf.maxPool(x, [4, 5], 1, 'valid'),
      },
      {
        name: 'avgPool',
        inputs: [normals([2, 4, 5, 3])],
        op: (x: tf.Tensor4D) => tf.avgPool(x, [4, 5], [4, 5], 'valid'),
      },
      {
        name: 'mean and max of axes',
        inputs: [distinct([2, 4, 5, 3])],
        op: (x) => [tf.mean(x, [1, 2]), tf.max(x, [1, 2])],
      },
      {
        name: 'an image of one pixel',
        inputs: [normals([2, 1, 1, 3])],
        op: (x: tf.Tensor4D) => [tf.maxPool(x, 1, 1, 'valid'), tf.avgPool(x, 3, 2, 'same')],
      },
    ]);
  });

  it('are the derivatives for three spatial axes', async () => {
    const volume = fc.record({
      batch: fc.integer({ min: 0, max: 2 }),
      sides: fc.tuple(
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 3, max: 5 }),
        fc.integer({ min: 2, max: 4 }),
      ),
      size: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      pad: fc.constantFrom<'same' | 'valid'>('same', 'valid'),
    });
    await fc.assert(
      fc.asyncProperty(volume, async ({ batch, sides, size, stride, pad }) => {
        const shape = [batch, ...sides, 2];
        const window: [number, number, number] = [Math.min(size, sides[0]), size, Math.min(2, size)];
        await expectTrueGradients([
          {
            name: 'maxPool3d',
            inputs: [distinct(shape)],
            op: (x: tf.Tensor5D) => tf.maxPool3d(x, window, stride, pad),
          },
          {
            name: 'avgPool3d',
            inputs: [normals(shape)],
            op: (x: tf.Tensor5D) => tf.avgPool3d(x, window, stride, pad),
          },
        ]);
      }),
      { numRuns: 10, seed: 2 },
    );
  });
});

holdVisits(import.meta.url);

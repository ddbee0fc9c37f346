// Operations that take from places and put into places: gather, scatter, slices, joins, running sums.
import * as tf from '@tensorflow/tfjs';
import { operation, type Operation } from './operation.js';

/** Twice and thrice the same row, and one that is missing. */
const ids = (): tf.Tensor1D => tf.tensor1d([2, 0, 2, 1, 2], 'int32');
const places = (rows: number[][]): tf.Tensor2D =>
  tf.tensor2d(rows, [rows.length, rows[0]?.length ?? 0], 'int32');

export const placing: readonly Operation[] = [
  operation('gather', [[3, 4]], (x) => tf.gather(x, ids())),
  operation('gather along an inner axis', [[2, 3, 4]], (x) => tf.gather(x, ids(), 1)),
  operation('gather of nothing', [[3, 4]], (x) => tf.gather(x, tf.tensor1d([], 'int32'))),
  operation('segment sum', [[5, 3]], (x) => tf.unsortedSegmentSum(x, ids(), 4)),
  operation('gatherND', [[3, 4]], (x) =>
    tf.gatherND(
      x,
      places([
        [0, 1],
        [2, 3],
        [0, 1],
      ]),
    ),
  ),
  operation('scatterND', [[3, 2]], (x) => tf.scatterND(places([[1], [3], [1]]), x, [5, 2])),
  operation(
    'tensorScatterUpdate',
    [
      [4, 2],
      [2, 2],
    ],
    (x, y) => tf.tensorScatterUpdate(x, places([[2], [0]]), y),
  ),
  operation('top k', [[3, 7]], (x) => tf.topk(x, 3).values),
  operation('cumulative sums', [[3, 5]], (x) => tf.cumsum(x, 1, true, true)),
  operation('cumulative products', [[3, 4]], (x) => tf.cumprod(x, 1)),
  operation(
    'where',
    [
      [3, 4],
      [3, 4],
    ],
    (x, y) => tf.where(tf.greater(x, 0), y, tf.mul(x, 2)),
  ),
  operation('mirror padding', [[3, 4]], (x) =>
    tf.mirrorPad(
      x,
      [
        [1, 1],
        [2, 0],
      ],
      'reflect',
    ),
  ),
  operation('padding', [[3, 4]], (x) =>
    tf.pad(
      x,
      [
        [1, 0],
        [2, 1],
      ],
      0.5,
    ),
  ),
  operation('strided slices', [[5, 6]], (x) => tf.stridedSlice(x, [0, 5], [5, 0], [2, -2])),
  operation('reversing', [[3, 4]], (x) => tf.reverse(x, [0, 1])),
  operation(
    'concat, split, stack and tile',
    [
      [4, 6],
      [4, 2],
    ],
    (x, y) => {
      const [first, , last] = tf.split(tf.concat([x, y], 1), [3, 1, 4], 1) as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      return tf.tile(tf.concat([last, tf.stack(tf.unstack(first, 1), 1)], 1), [2, 1]);
    },
  ),
  operation('one-hot rows and a comparison', [[5, 3]], (x) => {
    const other = tf.cast(tf.notEqual(tf.argMax(x, 1), ids()), 'float32');
    return tf.mul(tf.mul(x, tf.oneHot(ids(), 3)), tf.expandDims(tf.add(other, 1), 1));
  }),
  operation('integers and truth values', [[3, 4]], (x) => {
    const int = (n: number) => tf.scalar(n, 'int32');
    const whole = tf.cast(tf.round(tf.mul(x, 3)), 'int32');
    const odd = tf.notEqual(tf.mod(whole, int(2)), int(0));
    const some = tf.logicalOr(tf.logicalAnd(odd, tf.greater(whole, int(0))), tf.logicalNot(odd));
    const row = tf.add(tf.cast(tf.any(some, 1), 'float32'), tf.cast(tf.any(tf.all(odd, 0)), 'float32'));
    const third = tf.cast(tf.floorDiv(whole, int(3)), 'float32');
    return tf.mul(tf.mul(x, tf.cast(some, 'float32')), tf.add(third, tf.expandDims(row, 1)));
  }),
];

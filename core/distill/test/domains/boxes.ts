// Boxes: an image with proposed boxes, as many as there are, each of which is scored and moved.
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import {
  dataset,
  definePlugin,
  examplesDataset,
  metric,
  student,
  task,
  teacher,
  unpad,
  type Example,
  type HostTensor,
  type TensorSpec,
} from 'potstill';
import { z } from 'zod';
import { dense, weight } from './weights.js';

const side = 8;
const classes = ['dark', 'bright'];
const free = ['boxes'];
const logits = { dtype: 'float32', shape: [null, classes.length], free } satisfies TensorSpec;
const four = { dtype: 'float32', shape: [null, 4], free } satisfies TensorSpec;

/** A bright and a dark half; a box lies in one of them, and is to be moved to its true place by an offset of its class. */
function scene(seed: number, index: number): Example {
  const random = randomStream(seed).at(index);
  const count = 1 + random.child('count').integer(6);
  const noise = random.child('pixels').normal(side * side);
  const image = noise.map((value, i) => 0.2 * value + (i % side >= side / 2 ? 1 : 0));
  const corner = random.child('corner').uniform(4 * count);
  const boxes = Float32Array.from({ length: 4 * count }, (_, i) =>
    i % 4 < 2 ? 0.8 * (corner[i] ?? 0) : 0.1 + 0.1 * (corner[i] ?? 0),
  );
  const kind = Int32Array.from({ length: count }, (_, b) => ((boxes[4 * b] ?? 0) + 0.05 > 0.5 ? 1 : 0));
  const offset = Float32Array.from(
    { length: 4 * count },
    (_, i) => ((kind[i >> 2] ?? 0) === 1 ? 0.5 : -0.25) / (1 + (i % 4)),
  );
  return {
    image: { dtype: 'float32', shape: [side, side, 1], data: image },
    boxes: { dtype: 'float32', shape: [count, 4], data: boxes },
    kind: { dtype: 'int32', shape: [count], data: kind },
    offset: { dtype: 'float32', shape: [count, 4], data: offset },
  };
}

export const boxes = definePlugin({
  name: 'domains-boxes',
  version: '1.0.0',
  potstill: '*',
  components: [
    dataset('boxes/scenes', {
      help: 'Images with proposed boxes.',
      options: z.strictObject({
        size: z.int().positive().default(80).describe('Number of images.'),
        seed: z.int().default(1).describe('Seed of the images.'),
      }),
      create: ({ size, seed }) =>
        examplesDataset({
          description: {
            spec: {
              image: { dtype: 'float32', shape: [side, side, 1] },
              boxes: four,
              kind: { dtype: 'int32', shape: [null], free },
              offset: four,
            },
            inputs: ['image', 'boxes'],
            target: 'kind',
            labels: classes,
            task: 'boxes/detection',
          },
          examples: Array.from({ length: size }, (_, i) => scene(seed, i)),
        }),
    }),
    teacher('boxes/teacher', {
      help: 'Scores by where a box begins.',
      options: z.strictObject({}),
      create: () => ({
        outputs: { logits },
        fingerprint: 'boxes/teacher',
        labels: classes,
        label({ tensors, size }) {
          const given = tensors.boxes as HostTensor;
          const [, padded = 0] = given.shape;
          const data = Float32Array.from({ length: 2 * size * padded }, (_, i) => {
            const x = given.data[4 * (i >> 1)] ?? 0;
            return (i % 2 === 1 ? 1 : -1) * 8 * (x - 0.45);
          });
          return Promise.resolve({ logits: { dtype: 'float32', shape: [size, padded, 2], data } });
        },
        dispose: () => Promise.resolve(),
      }),
    }),
    student('boxes/student', {
      help: 'The image’s columns beside each box.',
      options: z.strictObject({}),
      create: () => {
        const [w1, b1] = [weight('w1', side + 4, 24), weight('b1', 24)];
        const [w2, b2] = [weight('w2', 24, 2), weight('b2', 2)];
        const [w3, b3] = [weight('w3', 24, 4), weight('b3', 4)];
        return {
          outputs: { logits, moved: four },
          variables: [w1, b1, w2, b2, w3, b3],
          forward(inputs) {
            const given = inputs.boxes as tf.Tensor3D;
            const [batch, count] = given.shape;
            const columns = tf.reshape(tf.mean(inputs.image as tf.Tensor4D, 1), [batch, 1, side]);
            const each = tf.concat([tf.tile(columns, [1, count, 1]), given], 2);
            const hidden = tf.relu(dense(each, w1, b1));
            return { logits: dense(hidden, w2, b2), moved: dense(hidden, w3, b3) };
          },
        };
      },
    }),
    metric('boxes/errors', {
      help: 'Boxes of another class.',
      options: z.strictObject({}),
      create() {
        let [count, wrong] = [0, 0];
        return {
          needs: { model: ['logits'], teacher: [], batch: ['kind', 'kind.length'] },
          figures: [{ name: 'box-errors', title: 'Box errors', unit: 'share', better: 'lower' }],
          update({ model, batch: { tensors } }) {
            const lengths = tensors['kind.length'];
            const truth = unpad(tensors.kind as HostTensor, { shape: [null] }, lengths);
            unpad(model.logits as HostTensor, logits, lengths).forEach(({ data }, row) => {
              truth[row]?.data.forEach((kind: number, box: number) => {
                count++;
                if ((data[2 * box + 1] ?? 0) > (data[2 * box] ?? 0) !== (kind === 1)) wrong++;
              });
            });
          },
          result: () => ({ 'box-errors': wrong / count }),
          reset() {
            [count, wrong] = [0, 0];
          },
        };
      },
    }),
    metric('boxes/distance', {
      help: 'Mean distance of each number of a box from its true place.',
      options: z.strictObject({}),
      create() {
        let [count, sum] = [0, 0];
        return {
          needs: { model: ['moved'], teacher: [], batch: ['offset', 'offset.length'] },
          figures: [{ name: 'distance', title: 'Distance', unit: 'number', better: 'lower' }],
          update({ model, batch: { tensors } }) {
            const lengths = tensors['offset.length'];
            const truth = unpad(tensors.offset as HostTensor, four, lengths);
            unpad(model.moved as HostTensor, four, lengths).forEach(({ data }, row) => {
              data.forEach((value: number, i: number) => {
                count++;
                sum += Math.abs(value - (truth[row]?.data[i] ?? NaN));
              });
            });
          },
          result: () => ({ distance: sum / count }),
          reset() {
            [count, sum] = [0, 0];
          },
        };
      },
    }),
    task('boxes/detection', {
      help: 'A class and a place for each box.',
      options: z.strictObject({}),
      create: () => ({
        primary: 'box-errors',
        columns: ['box-errors', 'distance'],
        hardLoss: 'cross-entropy',
        metrics: { always: ['boxes/errors', 'boxes/distance'], withTeacher: [] },
      }),
    }),
  ],
});

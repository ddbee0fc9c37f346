// One graph with masks: nodes and edges are axes of a single example; the parts differ in which nodes count.
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import {
  dataset,
  definePlugin,
  examplesDataset,
  lengthMask,
  metric,
  student,
  task,
  teacher,
  type HostTensor,
  type TensorSpec,
} from 'potstill';
import { z } from 'zod';
import { dense, weight } from './weights.js';

const nodes = 60;
const features = 5;
const parts = ['train', 'validation', 'test'] as const;
const classes = ['left', 'right', 'middle'];
const logits = { dtype: 'float32', shape: [null, classes.length], free: ['nodes'] } satisfies TensorSpec;

/** Neighbours are mostly of one class; the nodes' own features say little of it. */
function graph(part: (typeof parts)[number]) {
  const random = randomStream(3);
  const label = Int32Array.from({ length: nodes }, (_, i) =>
    random.child('label').integer(classes.length, i),
  );
  const noise = random.child('features').normal(nodes * features);
  const x = noise.map((value, i) => value + (i % features === label[Math.floor(i / features)] ? 0.8 : 0));
  const edges: number[] = [];
  for (let a = 0; a < nodes; a++)
    for (let b = 0; b < nodes; b++) {
      const likely = label[a] === label[b] ? 0.3 : 0.02;
      if (a === b || (random.child('edge').at(a).uniform(nodes)[b] ?? 1) < likely) edges.push(a, b);
    }
  const counted = Uint8Array.from({ length: nodes }, (_, i) => Number(parts[i % parts.length] === part));
  return {
    x: { dtype: 'float32', shape: [nodes, features], data: x },
    edges: { dtype: 'int32', shape: [edges.length / 2, 2], data: Int32Array.from(edges) },
    label: { dtype: 'int32', shape: [nodes], data: label },
    counted: { dtype: 'bool', shape: [nodes], data: counted },
  } as const;
}

export const graphs = definePlugin({
  name: 'domains-graph',
  version: '1.0.0',
  potstill: '*',
  components: [
    dataset('graph/citations', {
      help: 'One graph; which nodes count is a mask.',
      options: z.strictObject({ part: z.enum(parts).describe('Whose nodes count.') }),
      create: ({ part }) =>
        examplesDataset({
          description: {
            spec: {
              x: { dtype: 'float32', shape: [null, features], free: ['nodes'] },
              edges: { dtype: 'int32', shape: [null, 2], free: ['edges'] },
              label: { dtype: 'int32', shape: [null], free: ['nodes'] },
              counted: { dtype: 'bool', shape: [null], free: ['nodes'] },
            },
            inputs: ['x', 'edges'],
            target: 'label',
            labels: classes,
            task: 'graph/nodes',
          },
          examples: [graph(part)],
        }),
    }),
    teacher('graph/teacher', {
      help: 'Votes of the neighbours by their features.',
      options: z.strictObject({}),
      create: () => ({
        outputs: { logits },
        fingerprint: 'graph/teacher',
        labels: classes,
        label({ tensors, size }) {
          const x = tensors.x as HostTensor;
          const edges = tensors.edges as HostTensor;
          const [, count = 0] = x.shape;
          const [, many = 0] = edges.shape;
          const data = new Float32Array(size * count * classes.length);
          for (let row = 0; row < size; row++)
            for (let e = 0; e < (tensors['edges.length']?.data[row] ?? 0); e++) {
              const [from = 0, to = 0] = edges.data.subarray(2 * (row * many + e));
              classes.forEach((_, k) => {
                const at = (row * count + to) * classes.length + k;
                data[at] = (data[at] ?? 0) + (x.data[(row * count + from) * features + k] ?? 0) / 2;
              });
            }
          return Promise.resolve({
            logits: { dtype: 'float32', shape: [size, count, classes.length], data },
          });
        },
        dispose: () => Promise.resolve(),
      }),
    }),
    student('graph/student', {
      help: 'A graph convolution: the mean of the neighbours, then a layer, twice.',
      options: z.strictObject({}),
      create: () => {
        const [w1, b1] = [weight('w1', features, 8), weight('b1', 8)];
        const [w2, b2] = [weight('w2', 8, classes.length), weight('b2', classes.length)];
        return {
          outputs: { logits },
          variables: [w1, b1, w2, b2],
          forward(inputs) {
            const x = inputs.x as tf.Tensor3D;
            const edges = inputs.edges as tf.Tensor3D;
            const [batch, count] = x.shape;
            const [, many] = edges.shape;
            // Nodes of all graphs of the batch in one row; padded edges count nothing.
            const first = tf.reshape(tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(count, 'int32')), [
              batch,
              1,
            ]);
            const end = (k: number) =>
              tf.reshape(
                tf.add(tf.reshape(tf.slice(edges, [0, 0, k], [-1, -1, 1]), [batch, many]), first),
                [-1],
              );
            const [from, to] = [end(0) as tf.Tensor1D, end(1) as tf.Tensor1D];
            const within = tf.reshape(
              lengthMask(inputs['edges.length'] as tf.Tensor, [batch, many]),
              [-1, 1],
            );
            const spread = (values: tf.Tensor) => {
              const messages = tf.mul(tf.gather(values, from), within);
              const degree = tf.unsortedSegmentSum(within, to, batch * count);
              return tf.div(tf.unsortedSegmentSum(messages, to, batch * count), tf.maximum(degree, 1));
            };
            const hidden = tf.relu(dense(spread(tf.reshape(x, [batch * count, features])), w1, b1));
            return { logits: tf.reshape(dense(spread(hidden), w2, b2), [batch, count, classes.length]) };
          },
        };
      },
    }),
    metric('graph/node-errors', {
      help: 'Nodes of another class among those that count.',
      options: z.strictObject({}),
      create() {
        let [wrong, count] = [0, 0];
        return {
          needs: { model: ['logits'], teacher: [], batch: ['label', 'counted'] },
          figures: [{ name: 'node-errors', title: 'Node errors', unit: 'share', better: 'lower' }],
          update({ model, batch: { tensors } }) {
            tensors.label?.data.forEach((label: number, node: number) => {
              if (tensors.counted?.data[node] !== 1) return;
              const own = model.logits?.data.subarray(node * classes.length, (node + 1) * classes.length);
              const scores = Array.from(own ?? []);
              count++;
              if (scores.indexOf(Math.max(...scores)) !== label) wrong++;
            });
          },
          result: () => ({ 'node-errors': wrong / count }),
          reset() {
            [wrong, count] = [0, 0];
          },
        };
      },
    }),
    task('graph/nodes', {
      help: 'A class for each node that counts.',
      options: z.strictObject({}),
      create: () => ({
        primary: 'node-errors',
        columns: ['node-errors'],
        hardLoss: { use: 'cross-entropy', mask: 'counted' },
        metrics: { always: ['graph/node-errors'], withTeacher: [] },
      }),
    }),
  ],
});

// Frames with transcripts: a plugin of utterances, a teacher and a student of frames, a loss on words, and word errors.
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import {
  dataset,
  definePlugin,
  examplesDataset,
  lengthMask,
  loss,
  maskedMean,
  metric,
  student,
  task,
  teacher,
  unpad,
  type Batch,
  type Example,
  type HostTensor,
  type HostTensors,
  type TensorSpec,
} from 'potstill';
import { z } from 'zod';
import { dense, weight } from './weights.js';

const phones = ['a', 'e', 'i', 'o'];
const features = 6;

/** What phone k sounds like. */
const centre = (k: number, f: number) => 2 * Math.cos(1 + k * 1.7 + f * 2.3);

const logits = { dtype: 'float32', shape: [null, phones.length], free: ['frames'] } satisfies TensorSpec;

/** Phones of 2 to 5 frames each; every speaker adds an offset of their own, which the mean of the frames shows. */
function utterance(seed: number, index: number): Example {
  const random = randomStream(seed).at(index);
  const words: number[] = [];
  for (let i = 0; i < 2 + random.child('count').integer(6); i++) {
    // No phone follows itself, so that a transcript is what remains when repetitions are taken away.
    const next = random.child('phone').integer(phones.length - 1, i);
    const last = words.at(-1) ?? phones.length - 1;
    words.push(next >= last ? (next + 1) % phones.length : next);
  }
  const said = words.flatMap((word, i) =>
    new Array<number>(2 + random.child('length').integer(4, i)).fill(word),
  );
  const noise = random.child('noise').normal(said.length * features);
  const offset = random.child('speaker').normal(features);
  const frames = noise.map((value, i) => {
    const f = i % features;
    return 0.9 * value + 2 * (offset[f] ?? 0) + centre(said[Math.floor(i / features)] ?? 0, f);
  });
  return {
    frames: { dtype: 'float32', shape: [said.length, features], data: frames },
    phone: { dtype: 'int32', shape: [said.length], data: Int32Array.from(said) },
    transcript: { dtype: 'int32', shape: [words.length], data: Int32Array.from(words) },
  };
}

/** Distances to the phones' centres, the speaker's mean taken off; what stands in the padding does not matter. */
function scores({ tensors, size }: Batch): HostTensors {
  const frames = tensors.frames as HostTensor;
  const [, padded = 0] = frames.shape;
  const data = new Float32Array(size * padded * phones.length).fill(NaN);
  unpad(frames, { shape: [null, features] }, tensors['frames.length']).forEach((own, row) => {
    const [length = 0] = own.shape;
    const mean = Array.from({ length: features }, (_, f) => {
      let sum = 0;
      for (let t = 0; t < length; t++) sum += own.data[t * features + f] ?? 0;
      return sum / length;
    });
    for (let t = 0; t < length; t++)
      phones.forEach((_, k) => {
        let distance = 0;
        // Neighbours say the same more often than not.
        for (const at of [t - 1, t, t, t + 1])
          for (let f = 0; at >= 0 && at < length && f < features; f++)
            distance += ((own.data[at * features + f] ?? 0) - (mean[f] ?? 0) - centre(k, f)) ** 2;
        data[(row * padded + t) * phones.length + k] = -distance / 8;
      });
  });
  return { logits: { dtype: 'float32', shape: [size, padded, phones.length], data } };
}

/** The largest of each frame's scores. */
function best(own: HostTensor): number[] {
  return Array.from({ length: own.shape[0] ?? 0 }, (_, t) => {
    const row = Array.from(own.data.subarray(t * phones.length, (t + 1) * phones.length));
    return row.indexOf(Math.max(...row));
  });
}

/** Insertions, deletions and substitutions. */
export function edits(a: readonly number[], b: readonly number[]): number {
  let row = b.map((_, j) => j + 1);
  row.unshift(0);
  for (const [i, x] of a.entries())
    row = row.reduce<number[]>(
      (next, above, j) => [
        ...next,
        j === 0
          ? i + 1
          : Math.min(above + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (b[j - 1] === x ? 0 : 1)),
      ],
      [],
    );
  return row.at(-1) ?? 0;
}

export const speech = definePlugin({
  name: 'domains-speech',
  version: '1.0.0',
  potstill: '*',
  components: [
    dataset('speech/utterances', {
      help: 'Phones said one after another, with their transcript.',
      options: z.strictObject({
        size: z.int().positive().default(60).describe('Number of utterances.'),
        seed: z.int().default(1).describe('Seed of the utterances.'),
      }),
      create: ({ size, seed }) =>
        examplesDataset({
          description: {
            spec: {
              frames: { dtype: 'float32', shape: [null, features], free: ['frames'] },
              phone: { dtype: 'int32', shape: [null], free: ['frames'] },
              transcript: { dtype: 'int32', shape: [null], free: ['words'] },
            },
            inputs: ['frames'],
            target: 'phone',
            labels: phones,
            task: 'speech/recognition',
          },
          examples: Array.from({ length: size }, (_, i) => utterance(seed, i)),
        }),
    }),
    teacher('speech/teacher', {
      help: 'Scores of each frame by its distance to the phones.',
      options: z.strictObject({}),
      create: () => ({
        outputs: { logits },
        fingerprint: 'speech/teacher',
        labels: phones,
        label: (batch) => Promise.resolve(scores(batch)),
        dispose: () => Promise.resolve(),
      }),
    }),
    student('speech/student', {
      help: 'A frame with its neighbours, the mean of the utterance taken off.',
      options: z.strictObject({}),
      create: () => {
        const [w1, b1] = [weight('w1', 3 * features, 16), weight('b1', 16)];
        const [w2, b2] = [weight('w2', 16, phones.length), weight('b2', phones.length)];
        return {
          outputs: { logits },
          variables: [w1, b1, w2, b2],
          forward(inputs) {
            const frames = inputs.frames as tf.Tensor3D;
            const [batch, length] = frames.shape;
            const mask = tf.expandDims(lengthMask(inputs['frames.length'] as tf.Tensor, [batch, length]), -1);
            const mean = tf.div(tf.sum(tf.mul(frames, mask), 1, true), tf.sum(mask, 1, true));
            const centred = tf.mul(tf.sub(frames, mean), mask);
            const edge = tf.zeros([batch, 1, features]);
            const padded = tf.concat([edge, centred, edge], 1);
            const window = [0, 1, 2].map((at) => tf.slice(padded, [0, at, 0], [batch, length, features]));
            return { logits: dense(tf.relu(dense(tf.concat(window, 2), w1, b1)), w2, b2) };
          },
        };
      },
    }),
    loss('speech/words', {
      help: 'How often each phone is heard, beside how often it stands in the transcript.',
      options: z.strictObject({}),
      create: () => ({
        needs: {
          student: ['logits'],
          teacher: [],
          batch: ['transcript', 'transcript.length', 'frames.length'],
        },
        compute({ student: outputs, batch }) {
          const all = outputs.logits as tf.Tensor3D;
          const words = batch.transcript as tf.Tensor2D;
          const frames = lengthMask(batch['frames.length'] as tf.Tensor, all.shape.slice(0, 2));
          const within = lengthMask(batch['transcript.length'] as tf.Tensor, words.shape);
          const share = (values: tf.Tensor, mask: tf.Tensor) =>
            tf.div(tf.sum(tf.mul(values, tf.expandDims(mask, -1)), 1), tf.sum(mask, 1, true));
          const heard = share(tf.softmax(all), frames);
          const written = share(tf.oneHot(words, phones.length, 1, 0, 'float32'), within);
          return maskedMean(tf.square(tf.sub(heard, written)));
        },
      }),
    }),
    metric('speech/word-errors', {
      help: 'Edits from what is heard to the transcript, and frames of another phone.',
      options: z.strictObject({}),
      create() {
        let [words, wrong, frames, missed] = [0, 0, 0, 0];
        return {
          needs: {
            model: ['logits'],
            teacher: [],
            batch: ['phone', 'phone.length', 'transcript', 'transcript.length'],
          },
          figures: [
            { name: 'word-errors', title: 'Word errors', unit: 'share', better: 'lower' },
            { name: 'frame-errors', title: 'Frame errors', unit: 'share', better: 'lower' },
          ],
          update({ model, batch: { tensors } }) {
            const heard = unpad(model.logits as HostTensor, logits, tensors['phone.length']).map(best);
            const said = unpad(tensors.phone as HostTensor, { shape: [null] }, tensors['phone.length']);
            const texts = unpad(
              tensors.transcript as HostTensor,
              { shape: [null] },
              tensors['transcript.length'],
            );
            heard.forEach((own, row) => {
              const text = Array.from(texts[row]?.data ?? []);
              words += text.length;
              wrong += edits(
                own.filter((phone, t) => phone !== own[t - 1]),
                text,
              );
              frames += own.length;
              missed += own.filter((phone, t) => phone !== said[row]?.data[t]).length;
            });
          },
          result: () => ({ 'word-errors': wrong / words, 'frame-errors': missed / frames }),
          reset() {
            [words, wrong, frames, missed] = [0, 0, 0, 0];
          },
        };
      },
    }),
    task('speech/recognition', {
      help: 'Words heard in frames.',
      options: z.strictObject({}),
      create: () => ({
        primary: 'word-errors',
        columns: ['word-errors', 'frame-errors'],
        hardLoss: 'cross-entropy',
        metrics: { always: ['speech/word-errors'], withTeacher: [] },
      }),
    }),
  ],
});

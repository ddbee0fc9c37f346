// A plugin in a file of its own: utterances of varying length with a phone for each frame, and a student that hears them.
import { randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { dataset, definePlugin, examplesDataset, lengthMask, student } from 'potstill';
import { z } from 'zod';

const phones = ['a', 'e', 'i', 'o', 'u'];
const features = 8;

/** What phone k sounds like. */
const centre = (k, f) => Math.cos(1 + k * 1.7 + f * 2.3);

/** Three to twelve phones of 3 to 8 frames, by a speaker of their own. */
function utterance(random) {
  const speaker = random.child('speaker').normal(features);
  const count = 3 + random.child('count').integer(10);
  const said = Array.from({ length: count }, (_, i) =>
    new Array(3 + random.child('length').integer(6, i)).fill(random.child('phone').integer(phones.length, i)),
  ).flat();
  const frames = random
    .child('noise')
    .normal(said.length * features)
    .map((noise, i) => noise + speaker[i % features] + centre(said[Math.floor(i / features)], i % features));
  return {
    frames: { dtype: 'float32', shape: [said.length, features], data: frames },
    phone: { dtype: 'int32', shape: [said.length], data: Int32Array.from(said) },
  };
}

const utterances = dataset('phones/utterances', {
  help: 'Invented utterances with a phone for each frame.',
  options: z.strictObject({
    size: z.int().positive().describe('Number of utterances.'),
    seed: z.int().default(1).describe('Seed of the utterances.'),
  }),
  create: ({ size, seed }) =>
    examplesDataset({
      description: {
        spec: {
          frames: { dtype: 'float32', shape: [null, features], free: ['frames'] },
          phone: { dtype: 'int32', shape: [null], free: ['frames'] },
        },
        inputs: ['frames'],
        target: 'phone',
        labels: phones,
      },
      examples: Array.from({ length: size }, (_, i) => utterance(randomStream(seed).at(i))),
    }),
});

const listener = student('phones/listener', {
  help: 'A convolution over frames from which the mean of the utterance is taken off.',
  options: z.strictObject({
    units: z.int().positive().describe('Filters.'),
    reach: z.int().min(0).default(2).describe('Frames seen on either side.'),
  }),
  create({ units, reach }, services) {
    const width = 2 * reach + 1;
    const make = (name, ...shape) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const scale = shape.length === 1 ? 0 : Math.sqrt(shape.at(-1) / size);
      const values = services.random.child(`phones/listener ${name}`).normal(size);
      const variable = tf.tidy(() =>
        tf.variable(
          tf.tensor(
            values.map((value) => value * scale),
            shape,
          ),
        ),
      );
      return { name, variable };
    };
    const filters = make('filters', width, features, units);
    const hidden = make('hidden', units);
    const kernel = make('kernel', 1, units, phones.length);
    const bias = make('bias', phones.length);
    return {
      outputs: { logits: { dtype: 'float32', shape: [null, phones.length], free: ['frames'] } },
      variables: [filters, hidden, kernel, bias],
      forward({ frames, 'frames.length': lengths }) {
        const mask = tf.expandDims(lengthMask(lengths, frames.shape.slice(0, 2)), -1);
        const mean = tf.div(tf.sum(tf.mul(frames, mask), 1, true), tf.sum(mask, 1, true));
        const centred = tf.mul(tf.sub(frames, mean), mask);
        const heard = tf.relu(tf.add(tf.conv1d(centred, filters.variable, 1, 'same'), hidden.variable));
        return { logits: tf.add(tf.conv1d(heard, kernel.variable, 1, 'same'), bias.variable) };
      },
    };
  },
});

export default definePlugin({
  name: 'phones',
  version: '1.0.0',
  potstill: '^0.1.0',
  components: [utterances, listener],
});

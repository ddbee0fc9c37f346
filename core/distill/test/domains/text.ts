// Tokens in two languages with two teachers: a plugin whose teacher puts others together, and a student of two inputs.
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
  type Teacher,
  type TensorSpec,
} from 'potstill';
import { z } from 'zod';
import { dense, weight } from './weights.js';

const languages = ['nb', 'da'] as const;
const tags = ['noun', 'verb', 'other'];
const vocabulary = 24;
const logits = { dtype: 'float32', shape: [null, tags.length], free: ['tokens'] } satisfies TensorSpec;

/** The languages share their words, and most words are something else in each. */
const tagOf = (token: number, language: number) => (language === 0 ? token : token * 2 + 1) % tags.length;

function sentence(seed: number, index: number): Example {
  const random = randomStream(seed).at(index);
  const language = random.child('language').integer(2);
  const length = 1 + random.child('length').integer(9);
  const tokens = Int32Array.from({ length }, (_, i) => random.child('token').integer(vocabulary, i));
  const whole = (values: Int32Array) => ({ dtype: 'int32', shape: [length], data: values }) as const;
  const truth = (own: number) => ({ dtype: 'int32', shape: [], data: Int32Array.of(own) }) as const;
  return {
    tokens: whole(tokens),
    language: truth(language),
    tag: whole(tokens.map((token) => tagOf(token, language))),
    nb: truth(language === 0 ? 1 : 0),
    da: truth(language === 1 ? 1 : 0),
  };
}

/** Knows one language, and takes every sentence for it. */
function oneLanguage(language: number): Teacher {
  return {
    outputs: { logits },
    fingerprint: `text/teacher ${language}`,
    labels: tags,
    label({ tensors, size }) {
      const tokens = tensors.tokens as HostTensor;
      const [, padded = 0] = tokens.shape;
      const data = Float32Array.from({ length: size * padded * tags.length }, (_, i) => {
        const token = tokens.data[Math.floor(i / tags.length)] ?? 0;
        return tagOf(token, language) === i % tags.length ? 3 : 0;
      });
      return Promise.resolve({ logits: { dtype: 'float32', shape: [size, padded, tags.length], data } });
    },
    dispose: () => Promise.resolve(),
  };
}

export const text = definePlugin({
  name: 'domains-text',
  version: '1.0.0',
  potstill: '*',
  components: [
    dataset('text/sentences', {
      help: 'Sentences of two languages with a tag for each token.',
      options: z.strictObject({
        size: z.int().positive().default(80).describe('Number of sentences.'),
        seed: z.int().default(1).describe('Seed of the sentences.'),
      }),
      create: ({ size, seed }) => {
        const tokens = { dtype: 'int32', shape: [null], free: ['tokens'] } as const;
        const scalar = { dtype: 'int32', shape: [] } as const;
        return examplesDataset({
          description: {
            spec: { tokens, language: scalar, tag: tokens, nb: scalar, da: scalar },
            inputs: ['tokens', 'language'],
            target: 'tag',
            labels: tags,
            task: 'text/tagging',
          },
          examples: Array.from({ length: size }, (_, i) => sentence(seed, i)),
        });
      },
    }),
    teacher('text/teacher', {
      help: 'Knows the tags of one language.',
      options: z.strictObject({ language: z.enum(languages).describe('Which.') }),
      create: ({ language }) => oneLanguage(languages.indexOf(language)),
    }),
    teacher('text/teachers', {
      help: 'Several teachers, each output under the name of its teacher.',
      options: z.strictObject({
        of: z.record(z.string(), z.record(z.string(), z.unknown())).describe('Teachers by name.'),
      }),
      async create({ of }, services, context) {
        const made: [string, Teacher][] = [];
        for (const [name, { use, ...options }] of Object.entries(of))
          made.push([name, await services.make('teacher', { use: String(use), ...options }, context)]);
        const named = <T>(name: string, outputs: Readonly<Record<string, T>>) =>
          Object.entries(outputs).map(([output, value]) => [`${name}/${output}`, value] as const);
        return {
          outputs: Object.fromEntries(made.flatMap(([name, each]) => named(name, each.outputs))),
          fingerprint: made.map(([name, each]) => `${name}: ${each.fingerprint}`).join(', '),
          async label(batch) {
            const answers = [];
            for (const [name, each] of made) answers.push(...named(name, await each.label(batch)));
            return Object.fromEntries(answers);
          },
          async dispose() {
            for (const [, each] of made) await each.dispose();
          },
        };
      },
    }),
    student('text/student', {
      help: 'Embeddings of token and language.',
      options: z.strictObject({}),
      create: () => {
        const [words, tongues] = [weight('words', vocabulary, 12), weight('languages', 2, 12)];
        const [w1, b1] = [weight('w1', 24, 24), weight('b1', 24)];
        const [w2, b2] = [weight('w2', 24, tags.length), weight('b2', tags.length)];
        return {
          outputs: { logits },
          variables: [words, tongues, w1, b1, w2, b2],
          forward(inputs) {
            const tokens = inputs.tokens as tf.Tensor2D;
            const [batch, length] = tokens.shape;
            const word = tf.gather(words.variable, tokens);
            const tongue = tf.gather(tongues.variable, inputs.language as tf.Tensor1D);
            const wide = tf.tile(tf.expandDims(tongue, 1), [1, length, 1]);
            const hidden = tf.relu(
              dense(tf.reshape(tf.concat([word, wide], -1), [batch, length, 24]), w1, b1),
            );
            return { logits: dense(hidden, w2, b2) };
          },
        };
      },
    }),
    metric('text/tag-errors', {
      help: 'Tokens of another tag, of all sentences or of those of one language.',
      options: z.strictObject({ language: z.enum(languages).optional().describe('Default: both.') }),
      create({ language }) {
        const name = language === undefined ? 'tag-errors' : `tag-errors-${language}`;
        let [wrong, count] = [0, 0];
        return {
          needs: { model: ['logits'], teacher: [], batch: ['tag', 'tag.length', 'language'] },
          figures: [{ name, title: 'Tag errors', unit: 'share', better: 'lower' }],
          update({ model, batch: { tensors } }) {
            const truth = unpad(tensors.tag as HostTensor, { shape: [null] }, tensors['tag.length']);
            unpad(model.logits as HostTensor, logits, tensors['tag.length']).forEach((own, row) => {
              if (language !== undefined && tensors.language?.data[row] !== languages.indexOf(language))
                return;
              truth[row]?.data.forEach((tag: number, t: number) => {
                const scores = Array.from(own.data.subarray(t * tags.length, (t + 1) * tags.length));
                count++;
                if (scores.indexOf(Math.max(...scores)) !== tag) wrong++;
              });
            });
          },
          result: () => ({ [name]: wrong / count }),
          reset() {
            [wrong, count] = [0, 0];
          },
        };
      },
    }),
    task('text/tagging', {
      help: 'A tag for each token.',
      options: z.strictObject({}),
      create: () => ({
        primary: 'tag-errors',
        columns: ['tag-errors', 'tag-errors-nb', 'tag-errors-da'],
        hardLoss: 'cross-entropy',
        metrics: {
          always: ['text/tag-errors', ...languages.map((language) => ({ use: 'text/tag-errors', language }))],
          withTeacher: [],
        },
      }),
    }),
  ],
});

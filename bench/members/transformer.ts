// A transformer encoder that classifies sentences: pre-norm, masked attention, GELU (Vaswani et al. 2017; Xiong et al. 2020).
import { type HostTensors, type NamedTensors, randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { dense, distillationLoss, float, Initial, type Weights } from './layers.js';
import type { Member, Network } from './member.js';

interface Sizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly inner: number;
  readonly tokens: number;
  readonly batch: number;
  readonly vocabulary: number;
  readonly classes: number;
}

/** Added to the scores of padding: its weight is 0 after the softmax. */
const hidden = -1e9;

/** x [n, width], over the last axis (Ba et al. 2016). */
function layerNorm(x: tf.Tensor, name: string, weight: Weights): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(normal, weight(`${name}/gamma`)), weight(`${name}/beta`));
}

/** `x Phi(x)`, exact (Hendrycks & Gimpel 2016). */
function gelu(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

/** x [batch * tokens, width]; `mask` [batch, 1, 1, tokens] is added to the scores. */
function attention(x: tf.Tensor, name: string, weight: Weights, mask: tf.Tensor, sizes: Sizes): tf.Tensor {
  const { tokens, heads, width } = sizes;
  const size = width / heads;
  const split = tf.reshape(dense(x, `${name}/qkv`, weight), [-1, tokens, 3, heads, size]);
  const [query, key, value] = tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4])) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size));
  const mixed = tf.matMul(tf.softmax(tf.add(scores, mask)), value);
  const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, width]);
  return dense(joined, `${name}/out`, weight);
}

function transformer(sizes: Sizes, rate: number): Network {
  const { layers, width, inner, tokens, vocabulary, classes } = sizes;
  const names = Array.from({ length: layers }, (_, i) => `block${i}`);
  const initial = new Initial(randomStream(6));
  const norm = (name: string): void => {
    initial.fill(`${name}/gamma`, [width], 1);
    initial.fill(`${name}/beta`, [width], 0);
  };
  // `he` with this fan: a standard deviation of 0.02 as BERT has it would leave the small size's gradients tiny.
  initial.he('token/embeddings', [vocabulary, width], 8);
  initial.he('position/embeddings', [tokens, width], 8);
  for (const name of names) {
    norm(`${name}/norm1`);
    initial.dense(`${name}/qkv`, width, 3 * width);
    initial.dense(`${name}/out`, width, width);
    norm(`${name}/norm2`);
    initial.dense(`${name}/up`, width, inner);
    initial.dense(`${name}/down`, inner, width);
  }
  norm('norm');
  initial.dense('classes', width, classes);

  const logits = ({ ids, real }: NamedTensors, weight: Weights): tf.Tensor => {
    const mask = tf.mul(tf.sub(1, tf.reshape(real as tf.Tensor, [-1, 1, 1, tokens])), hidden);
    const embedded = tf.gather(weight('token/embeddings'), ids as tf.Tensor2D);
    const start = tf.reshape(tf.add(embedded, weight('position/embeddings')), [-1, width]);
    const top = names.reduce<tf.Tensor>((x, name) => {
      const mixed = attention(layerNorm(x, `${name}/norm1`, weight), name, weight, mask, sizes);
      const seen = tf.add(x, mixed);
      const up = dense(layerNorm(seen, `${name}/norm2`, weight), `${name}/up`, weight);
      return tf.add(seen, dense(gelu(up), `${name}/down`, weight));
    }, start);
    // The mean over real tokens stands for the sentence.
    const weights = tf.reshape(real as tf.Tensor, [-1, tokens, 1]);
    const read = tf.mul(tf.reshape(layerNorm(top, 'norm', weight), [-1, tokens, width]), weights);
    return dense(tf.div(tf.sum(read, 1), tf.sum(weights, 1)), 'classes', weight);
  };

  return {
    weights: initial.weights,
    rate,
    batch: (index) => sentences(sizes, index),
    loss: (at, weight) => ({
      loss: distillationLoss(logits(at, weight), at.label as tf.Tensor, at.teacher as tf.Tensor),
    }),
    forward: (at, weight) => ({ logits: logits(at, weight) }),
  };
}

/** Sentences of at least a quarter of `tokens`; half of their words come from their class's part of the vocabulary. */
function sentences({ batch, tokens, vocabulary, classes }: Sizes, index: number): HostTensors {
  const random = randomStream(6).child('batch').at(index);
  const lengths = random.child('length').uniform(batch);
  const words = random.child('ids').uniform(batch * tokens);
  const label = Int32Array.from(random.child('label').uniform(batch), (u) => Math.floor(u * classes));
  const teacher = random.child('teacher').normal(batch * classes);
  const ids = new Int32Array(batch * tokens);
  const real = new Float32Array(batch * tokens);
  const part = Math.floor(vocabulary / classes);
  label.forEach((own, i) => {
    teacher[i * classes + own] = (teacher[i * classes + own] as number) + 10;
    const length = Math.ceil(tokens * (0.25 + 0.75 * (lengths[i] as number)));
    for (let k = i * tokens; k < i * tokens + length; k++) {
      const u = words[k] as number;
      ids[k] = k % 2 ? Math.floor(u * vocabulary) : own * part + Math.floor(u * part);
      real[k] = 1;
    }
  });
  return {
    ids: { dtype: 'int32', shape: [batch, tokens], data: ids },
    real: float([batch, tokens], real),
    label: { dtype: 'int32', shape: [batch], data: label },
    teacher: float([batch, classes], teacher),
  };
}

const full: Sizes = {
  layers: 4,
  width: 128,
  heads: 4,
  inner: 512,
  tokens: 64,
  batch: 32,
  vocabulary: 1000,
  classes: 10,
};
const small: Sizes = {
  layers: 2,
  width: 16,
  heads: 4,
  inner: 32,
  tokens: 8,
  batch: 4,
  vocabulary: 30,
  classes: 5,
};

export const transformerMember: Member = {
  name: 'transformer',
  title: 'Transformer, 4 layers, d = 128, 4 heads, 64 tokens, batch 32',
  make: (size) => transformer(size === 'small' ? small : full, 0.005),
};

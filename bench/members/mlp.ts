// Multi-layer perceptrons on 784 inputs, the students of Hinton et al. 2015, section 3.
import { type NamedTensors, randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { classification, dense, distillationLoss, Initial, type Weights } from './layers.js';
import type { Member, Network } from './member.js';

interface Sizes {
  readonly inputs: number;
  readonly hidden: number;
  readonly batch: number;
}

function mlp({ inputs, hidden, batch }: Sizes, rate: number): Network {
  const initial = new Initial(randomStream(1));
  [inputs, hidden, hidden].forEach((width, i) => initial.dense(`dense${i}`, width, i < 2 ? hidden : 10));
  const logits = ({ x }: NamedTensors, weight: Weights): tf.Tensor => {
    const first = tf.relu(dense(x as tf.Tensor, 'dense0', weight));
    return dense(tf.relu(dense(first, 'dense1', weight)), 'dense2', weight);
  };
  return {
    weights: initial.weights,
    rate,
    batch: (index) => classification([batch, inputs], 10, { seed: 1, index }),
    loss: (at, weight) => ({
      loss: distillationLoss(logits(at, weight), at.label as tf.Tensor, at.teacher as tf.Tensor),
    }),
    forward: (at, weight) => ({ logits: logits(at, weight) }),
  };
}

const small: Sizes = { inputs: 12, hidden: 16, batch: 8 };

export const mlp800: Member = {
  name: 'mlp-800',
  title: 'MLP 784-800-800-10, batch 128',
  make: (size) => mlp(size === 'small' ? small : { inputs: 784, hidden: 800, batch: 128 }, 0.01),
};

export const mlp64: Member = {
  name: 'mlp-64',
  title: 'MLP 784-64-64-10, batch 32',
  make: (size) =>
    mlp(size === 'small' ? { ...small, hidden: 6 } : { inputs: 784, hidden: 64, batch: 32 }, 0.01),
};

// A plain convolutional network: three times 3x3 convolution, bias, ReLU, 2x2 max pooling.
import { type NamedTensors, randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import {
  classification,
  conv,
  dense,
  distillationLoss,
  globalPool,
  Initial,
  type Weights,
} from './layers.js';
import type { Member, Network } from './member.js';

interface Sizes {
  readonly image: number;
  readonly channels: readonly number[];
  readonly batch: number;
}

function network({ image, channels, batch }: Sizes): Network {
  const initial = new Initial(randomStream(2));
  channels.forEach((units, i) => {
    initial.conv(`conv${i}`, 3, channels[i - 1] ?? 3, units);
    initial.fill(`conv${i}/bias`, [units], 0);
  });
  initial.dense('dense', channels.at(-1) as number, 10);
  const logits = ({ x }: NamedTensors, weight: Weights): tf.Tensor => {
    let h = x as tf.Tensor4D;
    channels.forEach((_, i) => {
      const sum = tf.add<tf.Tensor4D>(conv(h, `conv${i}`, weight, { pad: 1 }), weight(`conv${i}/bias`));
      h = tf.maxPool(tf.relu(sum), 2, 2, 'valid');
    });
    return dense(globalPool(h), 'dense', weight);
  };
  return {
    weights: initial.weights,
    rate: 0.005,
    batch: (index) => classification([batch, image, image, 3], 10, { seed: 2, index }),
    loss: (at, weight) => ({
      loss: distillationLoss(logits(at, weight), at.label as tf.Tensor, at.teacher as tf.Tensor),
    }),
    forward: (at, weight) => ({ logits: logits(at, weight) }),
  };
}

export const cnn: Member = {
  name: 'cnn',
  title: 'CNN 32-64-128 on 32x32x3, batch 64',
  make: (size) =>
    network(
      size === 'small'
        ? { image: 8, channels: [4, 6, 8], batch: 4 }
        : { image: 32, channels: [32, 64, 128], batch: 64 },
    ),
};

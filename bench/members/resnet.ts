// ResNet-20 for 32x32 images (He et al. 2016, "Deep residual learning", section 4.2): 6n + 2 layers, n = 3.
import { type NamedTensors, randomStream, type StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import {
  classification,
  convNorm,
  dense,
  distillationLoss,
  globalPool,
  Initial,
  type Weights,
} from './layers.js';
import type { Member, Network } from './member.js';

interface Sizes {
  readonly image: number;
  /** Of the three stages, each twice the one before. */
  readonly channels: readonly [number, number, number];
  readonly batch: number;
}

/** Blocks of a stage, of two layers each. */
const blocksPerStage = 3;

function network({ image, channels, batch }: Sizes): Network {
  const initial = new Initial(randomStream(3));
  initial.convNorm('stem', 3, 3, channels[0]);
  // The first block of the second and of the third stage halves the image and doubles the channels.
  const blocks = channels.flatMap((units, stage) =>
    Array.from({ length: blocksPerStage }, (_, i) => ({ units, halves: stage > 0 && i === 0 })),
  );
  blocks.forEach(({ units, halves }, i) => {
    initial.convNorm(`blocks/${i}/first`, 3, halves ? units / 2 : units, units);
    initial.convNorm(`blocks/${i}/second`, 3, units, units);
  });
  initial.dense('dense', channels[2], 10);

  const logits = ({ x }: NamedTensors, weight: Weights, { training }: StepContext): tf.Tensor => {
    let h = tf.relu(convNorm(x as tf.Tensor4D, 'stem', weight, { training }));
    blocks.forEach(({ units, halves }, i) => {
      const first = convNorm(h, `blocks/${i}/first`, weight, { stride: halves ? 2 : 1, training });
      const second = convNorm(tf.relu(first), `blocks/${i}/second`, weight, { training });
      h = tf.relu(tf.add<tf.Tensor4D>(second, halves ? shortcut(h, units) : h));
    });
    return dense(globalPool(h), 'dense', weight);
  };
  return {
    weights: initial.weights,
    rate: 0.0002,
    batch: (index) => classification([batch, image, image, 3], 10, { seed: 3, index }),
    loss: (at, weight, context) => ({
      loss: distillationLoss(logits(at, weight, context), at.label as tf.Tensor, at.teacher as tf.Tensor),
    }),
    forward: (at, weight, context) => ({ logits: logits(at, weight, context) }),
  };
}

/** Option A: every second pixel, zeros for the new channels; no weights. (A strided slice has no gradient in TF.js.) */
function shortcut(x: tf.Tensor4D, units: number): tf.Tensor4D {
  const every = tf.avgPool(x, 1, 2, 'valid');
  return tf.pad4d(every, [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, units - x.shape[3]],
  ]);
}

export const resnet20: Member = {
  name: 'resnet-20',
  title: 'ResNet-20 (16-32-64, option A) on 32x32x3, batch 64',
  make: (size) =>
    network(
      size === 'small'
        ? { image: 8, channels: [3, 6, 12], batch: 8 }
        : { image: 32, channels: [16, 32, 64], batch: 64 },
    ),
};

// A time-delay network that classifies every frame of speech (Peddinti, Povey & Khudanpur 2015), with batch norm.
import { type HostTensors, type NamedTensors, randomStream, type StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { batchNorm, dense, distillationLoss, float, Initial, type Weights } from './layers.js';
import type { Member, Network } from './member.js';

interface Sizes {
  readonly batch: number;
  readonly frames: number;
  readonly features: number;
  readonly channels: number;
  readonly senones: number;
}

/** Frames that a layer sees and how far apart: contexts of -2..2, then -2, 0, 2, then -3, 0, 3, then the frame alone. */
const contexts = [
  { width: 5, dilation: 1 },
  { width: 3, dilation: 2 },
  { width: 3, dilation: 3 },
  { width: 1, dilation: 1 },
] as const;

/** Frames after which a senone ends. */
const hold = 5;

function tdnn(sizes: Sizes, rate: number): Network {
  const { features, channels, senones } = sizes;
  const initial = new Initial(randomStream(5));
  contexts.forEach(({ width }, i) => {
    const inputs = i === 0 ? features : channels;
    // Without a bias: batch norm takes it away again.
    initial.he(`tdnn${i}/conv/kernel`, [width, inputs, channels], width * inputs);
    initial.batchNorm(`tdnn${i}/norm`, channels);
  });
  initial.dense('senones', channels, senones);

  /** [batch * frames, senones] */
  const logits = ({ x }: NamedTensors, weight: Weights, training: boolean): tf.Tensor => {
    const top = contexts.reduce((h, { dilation }, i) => {
      const kernel = weight(`tdnn${i}/conv/kernel`) as tf.Variable<tf.Rank.R3>;
      const z = tf.expandDims<tf.Tensor4D>(tf.conv1d(h, kernel, 1, 'same', 'NWC', dilation), 1);
      return tf.squeeze<tf.Tensor3D>(tf.relu(batchNorm(z, `tdnn${i}/norm`, weight, training)), [1]);
    }, x as tf.Tensor3D);
    return dense(tf.reshape(top, [-1, channels]), 'senones', weight);
  };

  return {
    weights: initial.weights,
    rate,
    batch: (index) => utterances(sizes, index),
    loss: (at, weight, { training }) => ({
      loss: distillationLoss(
        logits(at, weight, training),
        tf.reshape(at.label as tf.Tensor, [-1]),
        tf.reshape(at.teacher as tf.Tensor, [-1, senones]),
      ),
    }),
    forward: (at: NamedTensors, weight: Weights, { training }: StepContext) => ({
      logits: tf.reshape(logits(at, weight, training), [-1, sizes.frames, senones]),
    }),
  };
}

/** Features around the mean of a frame's senone, senones that last a few frames, a teacher that mostly agrees. */
function utterances({ batch, frames, features, senones }: Sizes, index: number): HostTensors {
  const random = randomStream(5).child('batch').at(index);
  const means = randomStream(5)
    .child('means')
    .normal(senones * features);
  const held = random.child('label').uniform(Math.ceil((batch * frames) / hold));
  const label = Int32Array.from({ length: batch * frames }, (_, i) =>
    Math.floor((held[Math.floor(i / hold)] as number) * senones),
  );
  const x = random.child('x').normal(label.length * features);
  const teacher = random.child('teacher').normal(label.length * senones);
  label.forEach((senone, frame) => {
    for (let k = 0; k < features; k++)
      x[frame * features + k] =
        (x[frame * features + k] as number) + (means[senone * features + k] as number);
    teacher[frame * senones + senone] = (teacher[frame * senones + senone] as number) + 10;
  });
  return {
    x: float([batch, frames, features], x),
    label: { dtype: 'int32', shape: [batch, frames], data: label },
    teacher: float([batch, frames, senones], teacher),
  };
}

const full: Sizes = { batch: 32, frames: 200, features: 40, channels: 256, senones: 500 };
const small: Sizes = { batch: 4, frames: 20, features: 8, channels: 12, senones: 10 };

export const tdnnMember: Member = {
  name: 'tdnn',
  title: 'TDNN 5-3-3-1 x 256 on 200 frames of 40-dim fbank, 500 senones, batch 32',
  make: (size) => (size === 'small' ? tdnn(small, 0.02) : tdnn(full, 0.5)),
};

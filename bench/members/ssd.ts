// A detector in the manner of SSD (Liu et al. 2016): strided convolutions, class and box heads on three maps.
import { type HostTensors, type NamedTensors, randomStream, type StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { conv, convNorm, distillationLoss, float, Initial, type Weights } from './layers.js';
import type { Member, Network } from './member.js';

interface Sizes {
  readonly image: number;
  /** Of the stages, each a strided and a plain convolution; each halves the image. The last three have heads. */
  readonly channels: readonly number[];
  /** Kinds of objects and the background, which is class 0. */
  readonly classes: number;
  readonly batch: number;
}

/** Default boxes of one cell. */
const anchors = 4;
const maps = 3;

interface Detections {
  /** [batch, boxes, classes]: logits. */
  readonly logits: tf.Tensor3D;
  /** [batch, boxes, 4]: offsets from the default boxes. */
  readonly boxes: tf.Tensor3D;
}

function network({ image, channels, classes, batch }: Sizes): Network {
  const initial = new Initial(randomStream(5));
  const headed = (stage: number): boolean => stage >= channels.length - maps;
  channels.forEach((units, i) => {
    initial.convNorm(`stages/${i}/down`, 3, channels[i - 1] ?? 3, units);
    initial.convNorm(`stages/${i}/same`, 3, units, units);
    if (!headed(i)) return;
    for (const [head, size] of [
      ['classes', classes],
      ['boxes', 4],
    ] as const) {
      initial.conv(`stages/${i}/${head}`, 3, units, anchors * size);
      initial.fill(`stages/${i}/${head}/bias`, [anchors * size], 0);
    }
  });

  const detect = ({ x }: NamedTensors, weight: Weights, { training }: StepContext): Detections => {
    let h = x as tf.Tensor4D;
    const heads: Detections[] = [];
    const head = (name: string, size: number): tf.Tensor3D => {
      const map = tf.add(conv(h, name, weight, { pad: 1 }), weight(`${name}/bias`));
      return tf.reshape(map, [-1, h.shape[1] * h.shape[2] * anchors, size]);
    };
    channels.forEach((_, i) => {
      h = tf.relu(convNorm(h, `stages/${i}/down`, weight, { stride: 2, training }));
      h = tf.relu(convNorm(h, `stages/${i}/same`, weight, { training }));
      if (headed(i))
        heads.push({
          logits: head(`stages/${i}/classes`, classes),
          boxes: head(`stages/${i}/boxes`, 4),
        });
    });
    return {
      logits: tf.concat(
        heads.map(({ logits }) => logits),
        1,
      ),
      boxes: tf.concat(
        heads.map(({ boxes }) => boxes),
        1,
      ),
    };
  };
  const boxes = channels
    .map((_, i) => (headed(i) ? anchors * Math.ceil(image / 2 ** (i + 1)) ** 2 : 0))
    .reduce((sum, count) => sum + count, 0);
  return {
    weights: initial.weights,
    rate: 0.005,
    batch: (index) => batchOf([batch, image, image, 3], boxes, classes, index),
    loss: (at, weight, context) => {
      const { logits, boxes } = detect(at, weight, context);
      const kinds = distillationLoss(logits, at.label as tf.Tensor, at.teacher as tf.Tensor);
      return { loss: tf.add(kinds, boxLoss(boxes, at.box as tf.Tensor3D, at.label as tf.Tensor2D)) };
    },
    forward: (at, weight, context) => ({ ...detect(at, weight, context) }),
  };
}

/** Smooth L1 (Girshick 2015, equation 3) summed over the four offsets, mean over the boxes matched with an object. */
function boxLoss(boxes: tf.Tensor3D, target: tf.Tensor3D, label: tf.Tensor2D): tf.Scalar {
  const matched = tf.cast(tf.greater(label, 0), 'float32');
  const distance = tf.abs(tf.sub(boxes, target));
  // Half the square below 1, else the distance less a half, without a choice.
  const capped = tf.minimum(distance, 1);
  const smooth = tf.sum(tf.mul(capped, tf.sub(distance, tf.mul(0.5, capped))), -1);
  return tf.div(tf.sum(tf.mul(smooth, matched)), tf.maximum(tf.sum(matched), 1));
}

/** One box in ten is matched; the others are background. */
function batchOf(
  image: readonly [number, number, number, number],
  boxes: number,
  classes: number,
  index: number,
): HostTensors {
  const [count] = image;
  const random = randomStream(5).child('batch').at(index);
  const normal = (name: string, shape: readonly number[]) =>
    float(shape, random.child(name).normal(shape.reduce((size, length) => size * length, 1)));
  const label = Int32Array.from(random.child('label').uniform(count * boxes), (x) =>
    x < 0.9 ? 0 : 1 + Math.floor((x - 0.9) * 10 * (classes - 1)),
  );
  return {
    x: normal('x', image),
    label: { dtype: 'int32', shape: [count, boxes], data: label },
    teacher: normal('teacher', [count, boxes, classes]),
    box: normal('box', [count, boxes, 4]),
  };
}

export const ssd: Member = {
  name: 'ssd',
  title: 'SSD-like detector (2,100 boxes) on 160x160x3, batch 16',
  make: (size) =>
    network(
      size === 'small'
        ? { image: 24, channels: [3, 4, 5, 6], classes: 5, batch: 2 }
        : { image: 160, channels: [16, 32, 64, 128, 128], classes: 21, batch: 16 },
    ),
};

// MobileNetV2 (Sandler et al. 2018) cut to 64x64 images: width 0.5, ten inverted residuals, the last stage left out.
import { type NamedTensors, randomStream, type StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import {
  classification,
  convNorm,
  dense,
  depthwiseNorm,
  distillationLoss,
  globalPool,
  Initial,
  type Weights,
} from './layers.js';
import type { Member, Network } from './member.js';

/** An inverted residual: widened `expansion` times by a 1x1 convolution, 3x3 depthwise, narrowed to `units`; table 1 of the paper. */
interface Block {
  readonly expansion: number;
  readonly units: number;
  readonly stride: number;
}

interface Sizes {
  readonly image: number;
  readonly stem: number;
  readonly blocks: readonly Block[];
  /** Channels of the last 1x1 convolution. */
  readonly head: number;
  readonly classes: number;
  readonly batch: number;
}

function network({ image, stem, blocks, head, classes, batch }: Sizes): Network {
  const initial = new Initial(randomStream(4));
  initial.convNorm('stem', 3, 3, stem);
  const wired = blocks.map((block, i) => ({ ...block, inputs: blocks[i - 1]?.units ?? stem }));
  wired.forEach(({ expansion, units, inputs }, i) => {
    const wide = inputs * expansion;
    if (expansion > 1) initial.convNorm(`blocks/${i}/widen`, 1, inputs, wide);
    initial.depthwiseNorm(`blocks/${i}/spread`, 3, wide);
    initial.convNorm(`blocks/${i}/narrow`, 1, wide, units);
  });
  initial.convNorm('head', 1, blocks.at(-1)?.units ?? stem, head);
  initial.dense('dense', head, classes);

  const logits = ({ x }: NamedTensors, weight: Weights, { training }: StepContext): tf.Tensor => {
    let h = tf.relu6(convNorm(x as tf.Tensor4D, 'stem', weight, { stride: 2, training }));
    wired.forEach(({ expansion, units, stride, inputs }, i) => {
      const wide = expansion > 1 ? tf.relu6(convNorm(h, `blocks/${i}/widen`, weight, { training })) : h;
      const spread = tf.relu6(depthwiseNorm(wide, `blocks/${i}/spread`, weight, { stride, training }));
      const narrow = convNorm(spread, `blocks/${i}/narrow`, weight, { training });
      h = stride === 1 && inputs === units ? tf.add(h, narrow) : narrow;
    });
    h = tf.relu6(convNorm(h, 'head', weight, { training }));
    return dense(globalPool(h), 'dense', weight);
  };
  return {
    weights: initial.weights,
    rate: 0.005,
    batch: (index) => classification([batch, image, image, 3], classes, { seed: 4, index }),
    loss: (at, weight, context) => ({
      loss: distillationLoss(logits(at, weight, context), at.label as tf.Tensor, at.teacher as tf.Tensor),
    }),
    forward: (at, weight, context) => ({ logits: logits(at, weight, context) }),
  };
}

/** Two blocks of which the first has the stride: the second has a residual connection. */
const pair = (units: number, stride: number, expansion = 6): Block[] => [
  { expansion, units, stride },
  { expansion, units, stride: 1 },
];

export const mobilenet: Member = {
  name: 'mobilenet-v2',
  title: 'MobileNetV2-like, width 0.5, 10 blocks, on 64x64x3, batch 32',
  make: (size) =>
    network(
      size === 'small'
        ? {
            image: 16,
            stem: 4,
            blocks: [{ expansion: 1, units: 4, stride: 1 }, ...pair(6, 2, 3)],
            head: 16,
            classes: 10,
            batch: 4,
          }
        : {
            image: 64,
            stem: 16,
            blocks: [
              { expansion: 1, units: 8, stride: 1 },
              ...pair(16, 2),
              ...pair(24, 2),
              ...pair(32, 2),
              ...pair(48, 1),
              { expansion: 6, units: 80, stride: 1 },
            ],
            head: 320,
            classes: 100,
            batch: 32,
          },
    ),
};

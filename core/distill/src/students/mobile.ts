// The body of a MobileNetV2 for small images, for the `cnn` student (Sandler et al. 2018, section 3 and table 1).
import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from './batch-norm.js';
import { conv1x1, conv3x3, depthwise3x3 } from './parts.js';
import type { Body, BodyOptions, Stage } from './stages.js';
import type { VariableSet } from './variables.js';

/** How much wider a block is inside: the paper's. */
const expansion = 6;

interface Block extends Omit<BodyOptions, 'channels' | 'width'> {
  readonly from: number;
  readonly to: number;
  readonly stride: 1 | 2;
}

/**
 * A convolution, then three stages of two inverted residuals; the second and third halve height and width, as the ResNets for
 * CIFAR do, where the paper's net, made for images of 224, halves five times.
 */
export function mobileBody(variables: VariableSet, { channels, width, norm, init }: BodyOptions): Body {
  const stem = conv3x3(variables, 'stem', { from: channels, to: width, norm, init });
  const stages = [1, 2, 4].map((factor, i): Stage => {
    const to = width * factor;
    const layers = [0, 1].map((block) =>
      invertedResidual(variables, `stage.${i + 1}.block.${block + 1}`, {
        from: i > 0 && block === 0 ? to / 2 : to,
        to,
        stride: i > 0 && block === 0 ? 2 : 1,
        norm,
        init,
      }),
    );
    return {
      channels: to,
      run: (x, at) => {
        const start = i === 0 ? tf.relu6(stem(x, at)) : x;
        return layers.reduce((y, layer) => layer(y, at), start);
      },
    };
  });
  return { stages, halvings: [0, 1, 2] };
}

/** Widened by a 1x1 convolution, 3x3 depthwise, narrowed without a non-linearity; a shortcut where shapes agree. */
function invertedResidual(variables: VariableSet, name: string, block: Block): Layer {
  const { from, to, stride, norm, init } = block;
  const wide = from * expansion;
  const widen = conv1x1(variables, `${name}.widen`, { from, to: wide, norm, init });
  const spread = depthwise3x3(variables, `${name}.depthwise`, { to: wide, stride, norm, init });
  const narrow = conv1x1(variables, `${name}.narrow`, { from: wide, to, norm, init });
  return (x, at) => {
    const y = narrow(tf.relu6(spread(tf.relu6(widen(x, at)), at)), at);
    return stride === 1 && from === to ? tf.add(x, y) : y;
  };
}

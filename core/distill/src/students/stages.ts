// The convolutional bodies of the `cnn` student: stages, each half the height and width of the one before.
import type { StepContext } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Layer } from './batch-norm.js';
import type { Initializer } from './init.js';
import { conv3x3 } from './parts.js';
import type { VariableSet } from './variables.js';

export interface BodyOptions {
  /** Channels of the image. */
  readonly channels: number;
  /** Channels of the first stage; doubled at each further one. */
  readonly width: number;
  readonly norm: 'batch' | 'none';
  readonly init: Initializer;
}

export interface Stage {
  readonly channels: number;
  readonly run: Layer;
}

/** The three stages of a body. The height and width of a stage are those of the one before, halved and rounded up where it halves. */
export interface Body {
  readonly stages: readonly Stage[];
  /** How often height and width have been halved at the end of each stage. */
  readonly halvings: readonly number[];
}

/** Three stages of two 3x3 convolutions with ReLU and a 2x2 max-pool, in the manner of Simonyan & Zisserman 2015. */
export function vggBody(variables: VariableSet, options: BodyOptions): Body {
  const { channels, width, norm, init } = options;
  const stages = [1, 2, 4].map((factor, i): Stage => {
    const from = i === 0 ? channels : (width * factor) / 2;
    const to = width * factor;
    const first = conv3x3(variables, `stage.${i + 1}.conv.1`, { from, to, norm, init });
    const second = conv3x3(variables, `stage.${i + 1}.conv.2`, { from: to, to, norm, init });
    return {
      channels: to,
      run: (x, at) => {
        const y = tf.relu(second(tf.relu(first(x, at)), at));
        return tf.maxPool(y as tf.Tensor4D, 2, 2, 'same');
      },
    };
  });
  return { stages, halvings: [1, 2, 3] };
}

/**
 * The ResNet for CIFAR of He et al. 2016, section 4.2, with 6n+2 layers: a convolution, then three stages of n blocks.
 * Shortcuts have no parameters (option A): every second pixel, new channels zero.
 */
export function resnetBody(variables: VariableSet, blocks: number, options: BodyOptions): Body {
  const { channels, width, norm, init } = options;
  const stem = conv3x3(variables, 'stem', { from: channels, to: width, norm, init });
  const stages = [1, 2, 4].map((factor, i): Stage => {
    const to = width * factor;
    const layers = Array.from({ length: blocks }, (_, block) => {
      const halves = i > 0 && block === 0;
      return residual(variables, `stage.${i + 1}.block.${block + 1}`, {
        from: halves ? to / 2 : to,
        to,
        stride: halves ? 2 : 1,
        norm,
        init,
      });
    });
    return {
      channels: to,
      run: (x, at) => {
        const start = i === 0 ? tf.relu(stem(x, at)) : x;
        return layers.reduce((y, layer) => layer(y, at), start);
      },
    };
  });
  return { stages, halvings: [0, 1, 2] };
}

function residual(
  variables: VariableSet,
  name: string,
  options: {
    readonly from: number;
    readonly to: number;
    readonly stride: 1 | 2;
    readonly norm: 'batch' | 'none';
    readonly init: Initializer;
  },
): Layer {
  const { from, to, stride, norm, init } = options;
  const first = conv3x3(variables, `${name}.conv.1`, options);
  const second = conv3x3(variables, `${name}.conv.2`, { from: to, to, norm, init });
  return (x: tf.Tensor, at: StepContext) => {
    const y = second(tf.relu(first(x, at)), at);
    return tf.relu(tf.add(y, stride === 1 ? x : subsample(x, to - from)));
  };
}

/** Every second pixel, and `more` channels of zeros. A max-pool of one pixel, as TF.js has no gradient for strided slices. */
function subsample(x: tf.Tensor, more: number): tf.Tensor {
  const half = tf.maxPool(x as tf.Tensor4D, 1, 2, 'valid');
  return tf.pad(half, [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, more],
  ]);
}

// Layers and losses of the members in jax-js, twins of bench/members/layers.ts. Channels come first, as its convolutions want them.
// Functions own their arguments (jax-js counts references): whoever uses an array twice takes a `ref`.
import { lax, nn, numpy as np } from '@jax-js/jax';
import type { HostTensor, HostTensors } from '@potstill/engine';

export type Arrays = Record<string, np.Array>;

/** What a loss is computed from; each call gives a reference of the caller's own. */
export interface At {
  weight(name: string): np.Array;
  has(name: string): boolean;
  input(name: string): np.Array;
  /** The next value of a running statistic. */
  assign(name: string, value: np.Array): void;
}

/** A member in jax-js. */
export interface Twin {
  /** Default: the batch as it is. Not timed. */
  readonly inputs?: (batch: HostTensors) => Arrays;
  readonly loss: (at: At) => np.Array;
  /**
   * Whether the step goes through jit. It fuses, which makes an MLP's step twice as fast, and a convolution's several
   * times slower: 35 s instead of 4 for the CNN's step.
   */
  readonly jit: boolean;
  /** What is done in another way than in TF.js, for the notes. */
  readonly remark?: string;
}

export function arrayOf({ dtype, shape, data }: HostTensor): np.Array {
  if (dtype === 'bool') throw new Error('no member has bool inputs');
  return np.array(data, {
    shape: [...shape],
    dtype: dtype === 'int32' ? np.int32 : np.float32,
  });
}

/** Dense [in, out] as it is; filters [h, w, in, out] to [out, in, h, w]; depthwise [h, w, c, 1] to [c, 1, h, w]; [w, in, out] to [out, in, w]. */
export function weightOf(tensor: HostTensor): np.Array {
  const { shape } = tensor;
  const array = arrayOf(tensor);
  if (shape.length === 3) return array.transpose([2, 1, 0]);
  if (shape.length < 4) return array;
  const depthwise = shape[3] === 1 && shape[2] !== 1;
  return array.transpose(depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]);
}

/** A batch whose images `x` are NCHW. */
export function images({ x, ...others }: HostTensors): Arrays {
  return {
    x: arrayOf(x as HostTensor).transpose([0, 3, 1, 2]),
    ...Object.fromEntries(Object.entries(others).map(([name, tensor]) => [name, arrayOf(tensor)])),
  };
}

/** x [..., inputs] to [..., units]. */
export function dense(x: np.Array, name: string, at: At): np.Array {
  return np.matmul(x, at.weight(`${name}/kernel`)).add(at.weight(`${name}/bias`));
}

interface Strided {
  readonly stride?: number;
  /** Each channel by itself. */
  readonly depthwise?: boolean;
}

/** Convolution of NCHW that keeps the size at stride 1 (odd filters), with a bias where there is one. */
export function conv(
  x: np.Array,
  name: string,
  at: At,
  { stride = 1, depthwise = false }: Strided = {},
): np.Array {
  const kernel = at.weight(`${name}/kernel`);
  const [units = 1, , size = 1] = kernel.shape;
  const pad = (size - 1) / 2;
  const sides: [number, number] = [pad, pad];
  const h = lax.convGeneralDilated(x, kernel, [stride, stride], [sides, sides], {
    featureGroupCount: depthwise ? units : 1,
  });
  return at.has(`${name}/bias`) ? h.add(at.weight(`${name}/bias`).reshape([units, 1, 1])) : h;
}

const momentum = 0.1;
const epsilon = 1e-5;

/** Batch norm over all axes but 1, in training, with PyTorch's constants. */
export function batchNorm(x: np.Array, name: string, at: At): np.Array {
  const { shape, size } = x;
  const channels = shape[1] as number;
  const others = shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const wide = [channels, ...others.slice(1).map(() => 1)];
  const mean = x.ref.mean(others);
  const centred = x.sub(mean.ref.reshape(wide));
  const variance = np.square(centred.ref).mean(others);
  const count = size / channels;
  const follow = (leaf: string, now: np.Array, share: number): void => {
    const running = at.weight(`${name}/${leaf}`);
    at.assign(`${name}/${leaf}`, running.mul(1 - momentum).add(lax.stopGradient(now).mul(share)));
  };
  follow('mean', mean, momentum);
  follow('variance', variance.ref, (momentum * count) / (count - 1));
  const scale = at.weight(`${name}/gamma`).div(np.sqrt(variance.add(epsilon)));
  return centred.mul(scale.reshape(wide)).add(at.weight(`${name}/beta`).reshape(wide));
}

export function convNorm(x: np.Array, name: string, at: At, how: Strided = {}): np.Array {
  return batchNorm(conv(x, `${name}/conv`, at, how), `${name}/norm`, at);
}

/** [batch, channels, h, w] to [batch, channels]. */
export function globalPool(x: np.Array): np.Array {
  return x.mean([2, 3]);
}

/** Mean over all examples of the cross-entropy of `logits` with a distribution, both [..., classes]. */
export function crossEntropy(target: np.Array, logits: np.Array): np.Array {
  return target.mul(nn.logSoftmax(logits)).sum(-1).mean().neg();
}

/** 0.3 hard cross-entropy + 0.7 T^2 cross-entropy with the teacher's distribution, T = 4. */
export function distillationLoss(logits: np.Array, label: np.Array, teacher: np.Array): np.Array {
  const temperature = 4;
  const hard = crossEntropy(nn.oneHot(label, logits.shape.at(-1) as number), logits.ref);
  const soft = crossEntropy(nn.softmax(teacher.div(temperature)), logits.div(temperature));
  return hard.mul(0.3).add(soft.mul(0.7 * temperature ** 2));
}

/** The loss of classifiers, whose inputs are named alike. */
export function classified(logits: np.Array, at: At): np.Array {
  return distillationLoss(logits, at.input('label'), at.input('teacher'));
}

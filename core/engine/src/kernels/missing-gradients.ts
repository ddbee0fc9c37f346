// Gradients that TF.js lacks or has wrong, beside those of dilated convolutions. Written in TF.js operations, so they hold on every backend.
import * as tf from '@tensorflow/tfjs';

type Config = Parameters<typeof tf.registerGradient>[0];
type Gradient = Omit<Config, 'kernelName'>;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
const zerosOf = (x: tf.Tensor): tf.Tensor => tf.zeros(x.shape);

/** Truth values and places do not move with their operands, so what is computed from them gets no gradient. */
const stepwise = (...inputs: string[]): Gradient => ({
  inputsToSave: inputs,
  gradFunc: (_, saved) =>
    Object.fromEntries(inputs.map((name, i) => [name, () => zerosOf(saved[i] as tf.Tensor)])),
});

interface Scan {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}
const scanOf = (attributes: tf.NamedAttrMap): Scan => attributes as unknown as Scan;

/** That of TF.js permutes axes the wrong way round where the axis is not the last. */
const cumsum: Gradient = {
  gradFunc: (dy, _, attributes) => {
    const { axis, exclusive, reverse } = scanOf(attributes);
    return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) };
  },
};

/**
 * Without division, so that zeros are no exception: of each output, the product of its factors but one. That takes n^2
 * numbers for a row of n.
 */
const cumprod: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => {
    const [x] = saved as [tf.Tensor];
    const { axis, exclusive, reverse } = scanOf(attributes);
    return {
      x: () => {
        const length = x.shape[axis] as number;
        const column = tf.range(0, length, 1, 'int32').expandDims(1);
        const row = tf.range(0, length, 1, 'int32').expandDims(0);
        // Axes: …, the factor left out, the place, …
        const inner = Array.from({ length: x.rank - axis - 1 }, () => 1);
        const over = (mask: tf.Tensor): tf.Tensor =>
          tf.reshape(tf.cast(mask, 'float32'), [length, length, ...inner]);
        const self = over(tf.equal(column, row));
        const [later, earlier] = reverse ? [column, row] : [row, column];
        const reached = over(exclusive ? tf.greater(later, earlier) : tf.greaterEqual(later, earlier));
        const others = tf.add(tf.mul(tf.expandDims(x, axis), tf.sub(1, self)), self);
        const products = tf.mul(tf.cumprod(others, axis + 1, exclusive, reverse), reached);
        return tf.sum(tf.mul(products, tf.expandDims(dy as tf.Tensor, axis)), axis + 1);
      },
    };
  },
};

/** Puts `stride - 1` zeros between elements along an axis, and zeros before and after. */
function spread(x: tf.Tensor, axis: number, stride: number, before: number, total: number): tf.Tensor {
  const lengths = (at: number, ...by: number[]): number[] => [
    ...x.shape.slice(0, at),
    ...by,
    ...x.shape.slice(at + 1),
  ];
  const padding = (rank: number, at: number, low: number, high: number): [number, number][] =>
    Array.from({ length: rank }, (_, i) => (i === at ? [low, high] : [0, 0]));
  const count = x.shape[axis] as number;
  let wide = x;
  if (stride > 1) {
    const gaps = tf.pad(tf.reshape(x, lengths(axis, count, 1)), padding(x.rank + 1, axis + 1, 0, stride - 1));
    wide = tf.reshape(gaps, lengths(axis, count * stride));
  }
  const used = Math.min(count * stride, total - before);
  const cut = tf.slice(
    wide,
    x.shape.map(() => 0),
    lengths(axis, used),
  );
  return tf.pad(cut, padding(x.rank, axis, before, total - before - used));
}

const stridedSlice: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => {
    const [x] = saved as [tf.Tensor];
    const at = attributes as unknown as tf.StridedSliceAttrs;
    const { begin, end, strides } = tf.slice_util.sliceInfo(
      x.shape,
      at.begin,
      at.end,
      at.strides,
      at.beginMask,
      at.endMask,
      at.ellipsisMask,
      at.newAxisMask,
      at.shrinkAxisMask,
    );
    return {
      x: () => {
        if (sizeOf((dy as tf.Tensor).shape) === 0) return zerosOf(x);
        // With the axes that were dropped, without those that were put in.
        const dense = x.shape.map((_, i) =>
          Math.ceil(((end[i] as number) - (begin[i] as number)) / (strides[i] as number)),
        );
        return dense.reduce(
          (gradient, count, axis) => {
            const [start, stride] = [begin[axis] as number, strides[axis] as number];
            const forward = stride > 0 ? gradient : tf.reverse(gradient, axis);
            const first = stride > 0 ? start : start + (count - 1) * stride;
            return spread(forward, axis, Math.abs(stride), first, x.shape[axis] as number);
          },
          tf.reshape(dy as tf.Tensor, dense),
        );
      },
    };
  },
};

/** Each operand's gradient is the sum of products of the output's gradient and the other operand. */
const einsum: Gradient = {
  saveAllInputs: true,
  gradFunc: (dy, saved, attributes) => {
    const [left = '', result = ''] = (attributes.equation as string).replace(/\s/g, '').split('->');
    const terms = left.split(',');
    return Object.fromEntries(
      terms.map((term, i) => [
        String(i),
        () => {
          const operand = saved[i] as tf.Tensor;
          const others = terms.flatMap((_, n) => (n === i ? [] : [n]));
          const sources = [result, ...others.map((n) => terms[n] as string)];
          // Labels of this operand alone were summed over: each element gets the same.
          const kept = [...term].filter((label) => sources.some((source) => source.includes(label)));
          const sum = tf.einsum(
            `${sources.join(',')}->${kept.join('')}`,
            dy as tf.Tensor,
            ...others.map((n) => saved[n] as tf.Tensor),
          );
          const shape = [...term].map((label, axis) => (kept.includes(label) ? operand.shape[axis] : 1));
          return tf.broadcastTo(tf.reshape(sum, shape as number[]), operand.shape);
        },
      ]),
    );
  },
};

/** Of the largest elements, each takes its own. */
const topK: Gradient = {
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dy, saved) => {
    const [x, places] = saved as [tf.Tensor, tf.Tensor];
    const [values] = dy as unknown as tf.Tensor[];
    return {
      x: () => {
        const hits = tf.oneHot(tf.cast(places, 'int32'), x.shape.at(-1) as number);
        return tf.sum(tf.mul(hits, tf.expandDims(values as tf.Tensor, -1)), -2);
      },
    };
  },
};

const gatherNd: Gradient = {
  inputsToSave: ['params', 'indices'],
  gradFunc: (dy, saved) => {
    const [params, indices] = saved as [tf.Tensor, tf.Tensor];
    return {
      params: () => tf.scatterND(indices, dy as tf.Tensor, params.shape),
      indices: () => zerosOf(indices),
    };
  },
};

const scatterNd: Gradient = {
  inputsToSave: ['indices'],
  gradFunc: (dy, saved) => {
    const [indices] = saved as [tf.Tensor];
    return { updates: () => tf.gatherND(dy as tf.Tensor, indices), indices: () => zerosOf(indices) };
  },
};

/** Where indices repeat, each update takes the gradient of the place, though only the last one counts. */
const tensorScatterUpdate: Gradient = {
  inputsToSave: ['indices', 'updates'],
  gradFunc: (dy, saved) => {
    const [indices, updates] = saved as [tf.Tensor, tf.Tensor];
    return {
      tensor: () => tf.tensorScatterUpdate(dy as tf.Tensor, indices, zerosOf(updates)),
      updates: () => tf.gatherND(dy as tf.Tensor, indices),
      indices: () => zerosOf(indices),
    };
  },
};

const depthToSpace: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved, attributes) => {
    const [x] = saved as [tf.Tensor4D];
    const [batch, height, width] = x.shape;
    const size = attributes.blockSize as number;
    return {
      x: () => {
        const blocks = tf.reshape(dy as tf.Tensor, [batch, height, size, width, size, -1]);
        return tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4, 5]), x.shape);
      },
    };
  },
};

const diag: Gradient = {
  inputsToSave: ['x'],
  gradFunc: (dy, saved) => {
    const [x] = saved as [tf.Tensor];
    return {
      x: () =>
        tf.reshape(tf.sum(tf.mul(tf.reshape(dy as tf.Tensor, [x.size, x.size]), tf.eye(x.size)), 1), x.shape),
    };
  },
};

const flipLeftRight: Gradient = {
  gradFunc: (dy) => ({ image: () => tf.image.flipLeftRight(dy as tf.Tensor4D) }),
};

/** A transposed convolution in three axes. */
const conv3dTranspose: Gradient = {
  inputsToSave: ['dy', 'filter'],
  gradFunc: (ddx, saved, { strides, pad }) => {
    const [dy, filter] = saved as [tf.Tensor5D, tf.Tensor5D];
    const gradient = ddx as tf.Tensor5D;
    return {
      dy: () => tf.conv3d(gradient, filter, strides as unknown as number, pad as 'same'),
      filter: () =>
        tf
          .engine()
          .runKernel(
            'Conv3DBackpropFilterV2',
            { x: gradient, dy },
            { strides: strides as number[], pad: pad as string, filterShape: filter.shape },
          ),
    };
  },
};

/** Kernel -> gradient. */
export const missingGradients: Readonly<Record<string, Gradient>> = {
  All: stepwise('x'),
  Any: stepwise('x'),
  Conv3DBackpropInputV2: conv3dTranspose,
  Cumprod: cumprod,
  Cumsum: cumsum,
  DepthToSpace: depthToSpace,
  Diag: diag,
  Einsum: einsum,
  Equal: stepwise('a', 'b'),
  FlipLeftRight: flipLeftRight,
  GatherNd: gatherNd,
  Greater: stepwise('a', 'b'),
  Less: stepwise('a', 'b'),
  LessEqual: stepwise('a', 'b'),
  LogicalAnd: stepwise('a', 'b'),
  LogicalNot: stepwise('x'),
  LogicalOr: stepwise('a', 'b'),
  NotEqual: stepwise('a', 'b'),
  ScatterNd: scatterNd,
  StridedSlice: stridedSlice,
  TensorScatterUpdate: tensorScatterUpdate,
  TopK: topK,
};

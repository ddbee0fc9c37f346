// Which values of an ONNX graph are feature maps with the channels first.
import type { OnnxGraph } from '@potstill/engine';

/** Operators whose images are NCHW by definition. */
const channelsFirst = new Set([
  'Conv',
  'ConvTranspose',
  'ConvInteger',
  'QLinearConv',
  'MaxPool',
  'AveragePool',
  'LpPool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'InstanceNormalization',
  'GroupNormalization',
  'LRN',
  'DepthToSpace',
  'SpaceToDepth',
  'Upsample',
  'MaxUnpool',
  'MaxRoiPool',
  'RoiAlign',
]);

/** Operators that change the axes, so that their output has no known layout. */
const rearranging = new Set([
  'Reshape',
  'Transpose',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'MatMul',
  'Gemm',
  'Einsum',
  'Shape',
  'Size',
  'Gather',
  'GatherElements',
  'GatherND',
  'ArgMax',
  'ArgMin',
  'NonZero',
  'OneHot',
  'TopK',
  'If',
  'Loop',
  'Scan',
]);

/**
 * Names of the values that come from a convolution or pooling through operators that keep the axes where they are
 * (activations, additions, concatenation, padding), or are turned to channels last and back. ONNX sorts nodes, so one
 * pass is enough.
 */
export function channelsFirstValues(graph: OnnxGraph): ReadonlySet<string> {
  const layouts = new Map<string, 'NCHW' | 'NHWC'>();
  for (const { opType = '', input = [], output = [], attribute = [] } of graph.node ?? []) {
    const before = input.map((name) => layouts.get(name)).find((layout) => layout !== undefined);
    const perm = attribute.find(({ name }) => name === 'perm')?.ints?.map(Number);
    const after = channelsFirst.has(opType)
      ? 'NCHW'
      : opType === 'Transpose'
        ? turned(before, perm)
        : rearranging.has(opType) && !(opType === 'MatMul' && before === 'NHWC')
          ? undefined
          : before;
    if (after) for (const name of output) layouts.set(name, after);
  }
  return new Set([...layouts].filter(([, layout]) => layout === 'NCHW').map(([name]) => name));
}

function turned(before: 'NCHW' | 'NHWC' | undefined, perm: readonly number[] | undefined) {
  if (before === 'NCHW' && perm?.join() === '0,2,3,1') return 'NHWC';
  if (before === 'NHWC' && perm?.join() === '0,3,1,2') return 'NCHW';
  return undefined;
}

// Pools of images in blocks, and the gradient of max pools of 2x2 tiles.
import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { ops } from '../../src/graph/blocked.js';

import type { PassName } from '../../src/passes/index.js';
import { after, type Build } from '../helpers/passes.js';

const first = [0, 3, 1, 2];
const last = [0, 2, 3, 1];

/** A convolution of one pixel, so that an image is in blocks; channels first. */
function image(g: GraphBuilder, shape: readonly [number, number, number, number]): Value {
  const [n, h, w, c] = shape;
  const x = g.transpose(g.input('x', shape, 'float32'), first);
  return g.op('Conv', [x, g.input('w', [c, c, 1, 1], 'float32')], [n, c, h, w], 'float32', {
    kernel_shape: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    group: 1,
  });
}

interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
}

const attributesOf = ({ kernel, strides, pads = [0, 0, 0, 0] }: Window) => ({
  kernel_shape: kernel,
  strides,
  pads,
});

function pooledShape({ shape }: Value, { kernel, strides, pads = [0, 0, 0, 0] }: Window): number[] {
  const [n = 0, c = 0, ...size] = shape;
  const pooled = size.map((length, i) =>
    Math.floor((length + (pads[i] ?? 0) + (pads[i + 2] ?? 0) - (kernel[i] ?? 1)) / (strides[i] ?? 1) + 1),
  );
  return [n, c, ...pooled];
}

const names: readonly PassName[] = [
  'block-convolutions',
  'sink-transposes',
  'cancel-shuffles',
  'keep-blocked',
  'cancel-shuffles',
];
const writing: readonly PassName[] = [...names, 'write-blocked', 'cancel-shuffles', 'dead-code'];
const tiles: Window = { kernel: [2, 2], strides: [2, 2] };

describe.each([8, 16])('pools with %i channels in a block', (block) => {
  const target = { block, threads: 1, free: false };

  it.each<[string, Window]>([
    ['of tiles', tiles],
    ['that overlap', { kernel: [3, 3], strides: [2, 2] }],
    ['that overlap and are padded', { kernel: [3, 2], strides: [1, 1], pads: [1, 0, 1, 1] }],
    ['over the whole image', { kernel: [6, 5], strides: [1, 1] }],
    ['that leave rows between them', { kernel: [1, 2], strides: [3, 2] }],
  ])('stay among blocks: %s', async (_, window) => {
    for (const [op, attributes] of [
      ['MaxPool', {}],
      ['AveragePool', { count_include_pad: 0 }],
    ] as const) {
      const { ops: left } = await after(
        writing,
        (g) => {
          const x = image(g, [2, 6, 5, 2 * block]);
          const y = g.op(op, [x], pooledShape(x, window), 'float32', {
            ...attributesOf(window),
            ...attributes,
          });
          return [g.transpose(y, last)];
        },
        target,
      );
      expect(left).toContain(op === 'MaxPool' ? ops.maxPool : ops.averagePool);
      expect(left).not.toContain(op);
    }
  });

  it('of images with filling are done outside', async () => {
    const { ops: left } = await after(
      writing,
      (g) => {
        const x = image(g, [2, 4, 4, 12]);
        return [
          g.transpose(g.op('MaxPool', [x], pooledShape(x, tiles), 'float32', attributesOf(tiles)), last),
        ];
      },
      target,
    );
    expect(left).toContain('MaxPool');
  });

  /** The gradient of a max pool as lowered; `round` makes many equal values. */
  const gradient =
    (
      shape: readonly [number, number, number, number],
      { window = tiles, round = false }: { window?: Window; round?: boolean } = {},
    ): Build =>
    (g) => {
      const y = image(g, shape);
      const x = round ? g.unary('Relu', g.unary('Round', y)) : y;
      const small = pooledShape(x, window);
      const attributes = attributesOf(window);
      const [, index] = g.ops(
        'MaxPool',
        [x],
        [
          { shape: small, type: 'float32' },
          { shape: small, type: 'int64' },
        ],
        attributes,
      ) as [Value, Value];
      const [n = 0, c = 0, h = 0, w = 0] = small;
      const dy = g.transpose(g.input('dy', [n, h, w, c], 'float32'), first);
      const dx = g.op('MaxUnpool', [dy, index, g.ints(x.shape)], x.shape, 'float32', attributes);
      return [g.transpose(dx, last)];
    };

  it('of 2x2 tiles have their gradient without indices', async () => {
    for (const shape of [
      [2, 4, 6, 2 * block],
      [1, 2, 2, block],
      [3, 8, 2, block],
    ] as const) {
      const { ops: left } = await after(writing, gradient(shape), target);
      expect(left).not.toContain('MaxUnpool');
      expect(left).not.toContain('MaxPool');
    }
  });

  it('give the gradient of equal values to the first', async () => {
    const { ops: left } = await after(writing, gradient([3, 8, 8, block], { round: true }), target);
    expect(left).not.toContain('MaxUnpool');
  });

  it.each<[string, Build]>([
    ['of odd height', gradient([2, 5, 4, 16])],
    ['of odd width', gradient([2, 4, 7, 16])],
    ['of tiles of another size', gradient([2, 6, 6, 16], { window: { kernel: [3, 3], strides: [3, 3] } })],
    [
      'of windows with rows between them',
      gradient([2, 6, 6, 16], { window: { kernel: [2, 2], strides: [3, 2] } }),
    ],
    ['that are padded', gradient([2, 6, 6, 16], { window: { ...tiles, pads: [1, 1, 1, 1] } })],
    ['of images with filling', gradient([2, 4, 4, 12])],
  ])('keep indices for images %s', async (_, build) => {
    const { ops: left } = await after(writing, build, target);
    expect(left).toContain('MaxUnpool');
  });
});

// Convolutions of one pixel as products.
import { describe, expect, it } from 'vitest';
import type { Attribute } from '../../src/graph/graph.js';
import { after, type Build } from '../helpers/passes.js';

interface Conv {
  readonly shape: readonly number[];
  readonly outs: number;
  readonly strides?: readonly number[];
  readonly bias?: boolean;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly group?: number;
  /** The output's spatial axes, where the attributes above change them. */
  readonly pixels?: readonly number[];
  readonly kernel?: readonly number[];
}

const conv =
  ({ shape, outs, bias = false, group = 1, attributes = {}, ...at }: Conv): Build =>
  (g) => {
    const spatial = shape.length - 2;
    const axes = Array.from({ length: spatial }, (_, i) => i + 1);
    const { strides = axes.map(() => 1), kernel = axes.map(() => 1) } = at;
    const pixels = at.pixels ?? shape.slice(1, -1).map((n, i) => Math.ceil(n / (strides[i] ?? 1)));
    const ins = shape.at(-1) ?? 1;
    const y = g.op(
      'Conv',
      [
        g.transpose(g.input('x', shape, 'float32'), [0, spatial + 1, ...axes]),
        g.input('w', [outs, ins / group, ...kernel], 'float32'),
        ...(bias ? [g.input('b', [outs], 'float32')] : []),
      ],
      [shape[0] ?? 0, outs, ...pixels],
      'float32',
      {
        kernel_shape: kernel,
        strides,
        dilations: axes.map(() => 1),
        pads: [...axes, ...axes].map(() => 0),
        group,
        ...attributes,
      },
    );
    return [g.transpose(y, [0, ...axes.map((axis) => axis + 1), 1])];
  };

const left = async (at: Conv): Promise<readonly string[]> =>
  (await after('pointwise-products', conv(at))).ops;

describe('pointwise-products', () => {
  it.each<[string, Conv]>([
    ['images', { shape: [2, 3, 4, 5], outs: 6 }],
    ['a bias', { shape: [2, 3, 4, 5], outs: 6, bias: true }],
    ['strides', { shape: [2, 5, 4, 3], outs: 2, strides: [2, 3] }],
    ['strides wider than the image', { shape: [2, 2, 3, 3], outs: 2, strides: [4, 4] }],
    ['volumes', { shape: [2, 3, 2, 4, 5], outs: 3, strides: [1, 2, 1] }],
    ['one axis', { shape: [2, 7, 5], outs: 3 }],
    ['one pixel of one channel', { shape: [1, 1, 1, 1], outs: 1 }],
    ['none', { shape: [0, 3, 4, 5], outs: 6 }],
  ])('takes %s', async (_, at) => {
    const ops = await left(at);
    expect(ops).toContain('Gemm');
    expect(ops).not.toContain('Conv');
  });

  it.each<[string, Conv]>([
    ['groups', { shape: [2, 3, 4, 6], outs: 6, group: 2 }],
    ['padding', { shape: [2, 3, 4, 5], outs: 6, attributes: { pads: [1, 0, 0, 0] }, pixels: [4, 4] }],
    ['wider filters', { shape: [2, 3, 4, 5], outs: 6, kernel: [1, 2], pixels: [3, 3] }],
  ])('leaves %s', async (_, at) => {
    expect(await left(at)).toContain('Conv');
  });

  it('leaves images that are channels first anyway', async () => {
    const { ops } = await after('pointwise-products', (g) => [
      g.op(
        'Conv',
        [g.input('x', [2, 3, 4, 5], 'float32'), g.input('w', [6, 3, 1, 1], 'float32')],
        [2, 6, 4, 5],
        'float32',
        { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 1 },
      ),
    ]);
    expect(ops).toEqual(['Conv']);
  });
});

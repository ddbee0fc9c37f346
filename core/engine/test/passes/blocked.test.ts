// Convolutions over channels in blocks: what is put in their place, what stays as it is, what is done among blocks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { ops } from '../../src/graph/blocked.js';

import type { PassName } from '../../src/passes/index.js';
import { after, type Build, machineBlock, noBlocks, nodesOf } from '../helpers/passes.js';

interface Conv {
  readonly batch?: number;
  readonly size?: readonly [number, number];
  readonly ins: number;
  readonly outs: number;
  readonly kernel?: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly group?: number;
  readonly bias?: boolean;
  /** A filter that stands as it is, instead of TF.js's [h, w, in, out]. */
  readonly direct?: boolean;
}

let made = 0;

/** A convolution of a channels-last value, channels last, as lowerings write it. */
function conv(g: GraphBuilder, x: Value, at: Omit<Conv, 'batch' | 'size' | 'ins'>): Value {
  const [n = 0, h = 0, w = 0, ins = 0] = x.shape;
  const { outs, kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] } = at;
  const { group = 1, bias = false, direct = false } = at;
  const size = [h, w].map((length, i) => {
    const reach = ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    return Math.floor((length + (pads[i] ?? 0) + (pads[i + 2] ?? 0) - reach) / (strides[i] ?? 1)) + 1;
  });
  const id = made++;
  const filter = direct
    ? g.input(`w${id}`, [outs, ins / group, ...kernel], 'float32')
    : g.transpose(g.input(`w${id}`, [...kernel, ins / group, outs], 'float32'), [3, 2, 0, 1]);
  const y = g.op(
    'Conv',
    [g.transpose(x, [0, 3, 1, 2]), filter, ...(bias ? [g.input(`b${id}`, [outs], 'float32')] : [])],
    [n, outs, ...size],
    'float32',
    { kernel_shape: kernel, strides, dilations, pads, group },
  );
  return g.transpose(y, [0, 2, 3, 1]);
}

const image = (g: GraphBuilder, channels: number, { batch = 2, size = [5, 4] }: Partial<Conv> = {}): Value =>
  g.input('x', [batch, ...size, channels], 'float32');

const one =
  (at: Conv): Build =>
  (g) => [conv(g, image(g, at.ins, at), at)];

const blocking: readonly PassName[] = ['block-convolutions', 'cancel-shuffles'];
const keeping: readonly PassName[] = [...blocking, 'sink-transposes', 'cancel-shuffles', 'keep-blocked'];
const writing: readonly PassName[] = [...keeping, 'fuse-blocked-bias', 'write-blocked', 'cancel-shuffles'];

describe.each([8, 16])('block-convolutions with %i channels in a block', (block) => {
  const target = { block, threads: 1, free: false };
  const convs = async (at: Conv): Promise<readonly string[]> =>
    (await after(blocking, one(at), target)).ops.filter((op) => op.endsWith('Conv'));

  it.each<[string, Conv]>([
    ['whole blocks', { ins: 16, outs: 32 }],
    ['channels that leave the last block part empty', { ins: 12, outs: 20 }],
    ['24 channels', { ins: 24, outs: 24, pads: [1, 1, 1, 1] }],
    ['outputs of any number from 8', { ins: 8, outs: 9 }],
    ['images of few channels', { ins: 3, outs: 16, strides: [2, 2], pads: [1, 0, 1, 1] }],
    ['images of one channel', { ins: 1, outs: 8 }],
    ['a bias', { ins: 12, outs: 20, bias: true }],
    ['filters that stand as they are', { ins: 12, outs: 20, direct: true }],
    ['images of few channels, filters that stand as they are', { ins: 3, outs: 12, direct: true }],
    ['dilation', { ins: 8, outs: 12, dilations: [2, 1] }],
    ['a batch of one and one pixel', { batch: 1, size: [1, 1], kernel: [1, 1], ins: 16, outs: 12 }],
    ['one spatial axis, as conv1d has', { size: [1, 9], kernel: [1, 3], ins: 8, outs: 12 }],
    ['depthwise filters', { ins: 16, outs: 16, group: 16 }],
    ['depthwise filters that leave the last block part empty', { ins: 12, outs: 12, group: 12, bias: true }],
  ])('takes %s', async (_, at) => {
    expect(await convs(at)).toEqual([ops.conv]);
  });

  it.each<[string, Conv]>([
    ['fewer than 8 outputs', { ins: 16, outs: 7 }],
    ['channels that are not a multiple of 4', { ins: 10, outs: 16 }],
    ['groups that are not depthwise', { ins: 16, outs: 16, group: 4 }],
    ['several outputs a channel', { ins: 16, outs: 32, group: 16 }],
    ['depthwise filters of few channels', { ins: 4, outs: 4, group: 4 }],
    ['a batch of none', { batch: 0, ins: 16, outs: 16 }],
  ])('leaves %s', async (_, at) => {
    expect(await convs(at)).toEqual(['Conv']);
  });

  it('leaves convolutions of three axes', async () => {
    const { ops: left } = await after(
      blocking,
      (g) => [
        g.op(
          'Conv',
          [g.input('x', [1, 8, 3, 3, 3], 'float32'), g.input('w', [8, 8, 2, 2, 2], 'float32')],
          [1, 8, 2, 2, 2],
          'float32',
          {
            kernel_shape: [2, 2, 2],
            strides: [1, 1, 1],
            dilations: [1, 1, 1],
            pads: [0, 0, 0, 0, 0, 0],
            group: 1,
          },
        ),
      ],
      target,
    );
    expect(left).toEqual(['Conv']);
  });

  it('changes nothing where there are no blocks', async () => {
    const { ops: left } = await after(blocking, one({ ins: 16, outs: 16 }), {
      block: 0,
      threads: 1,
      free: false,
    });
    expect(left).toEqual(['Transpose', 'Transpose', 'Conv', 'Transpose']);
  });

  /** As the gradient of depthwise filters is lowered: all channels of all images at once. */
  const sums =
    (n: number, c: number, seen: readonly [number, number] = [6, 5]): Build =>
    (g) => {
      const x = g.transpose(g.input('x', [n, 6, 5, c], 'float32'), [0, 3, 1, 2]);
      const dy = g.transpose(g.input('dy', [n, 4, 3, c], 'float32'), [0, 3, 1, 2]);
      const size = seen.map((length, i) => length - ([4, 3][i] ?? 0) + 1);
      return [
        g.op(
          'Conv',
          [g.reshape(x, [1, n * c, ...seen]), g.reshape(dy, [n * c, 1, 4, 3])],
          [1, n * c, ...size],
          'float32',
          { kernel_shape: [4, 3], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: n * c },
        ),
      ];
    };

  it.each([
    [3, 8],
    [2, 12],
    [1, 16],
  ])('takes the gradient of depthwise filters for %i images of %i channels', async (n, c) => {
    const { ops: left } = await after(blocking, sums(n, c), target);
    expect(left).toContain(ops.conv);
  });

  it('leaves the gradient of depthwise filters for channels that are not a multiple of 4', async () => {
    expect((await after(blocking, sums(3, 10), target)).ops).toContain('Conv');
  });

  it('takes the channels of all images where one has few', async () => {
    expect((await after(blocking, sums(3, 4), target)).ops).toContain(ops.conv);
  });

  it('does not mistake images of another size for those behind a reshape', async () => {
    for (const seen of [
      [5, 6],
      [10, 3],
    ] as const)
      await after(blocking, sums(2, 8, seen), target);
  });
});

describe.each([8, 16])('keep-blocked with %i channels in a block', (block) => {
  const target = { block, threads: 1, free: false };
  const kept = async (build: Build): Promise<readonly string[]> =>
    (await after([...keeping, 'dead-code'], build, target)).ops;
  const moves = (left: readonly string[]): number =>
    left.filter((op) => op === ops.to || op === ops.from).length;

  it('goes straight from one convolution to the next', async () => {
    for (const channels of [block, 12])
      expect(
        moves(
          await kept((g) => [
            conv(g, conv(g, image(g, 16), { outs: channels }), { outs: 16, kernel: [2, 2] }),
          ]),
        ),
      ).toBe(2);
  });

  it('does what is between them among blocks, with numbers, channels, pixels and images of their own', async () => {
    const left = await kept((g) => {
      let y = conv(g, image(g, 16), { outs: 16 });
      y = g.binary('Mul', y, g.input('scale', [16], 'float32'));
      y = g.binary('Add', g.input('shift', [1, 1, 1, 16], 'float32'), y);
      y = g.binary('Sub', y, g.scalar(0.25));
      y = g.binary('Mul', y, g.input('pixels', [1, 3, 2, 1], 'float32'));
      y = g.binary('Mul', y, g.input('images', [2, 1, 1, 1], 'float32'));
      y = g.binary('Mul', y, g.input('gates', [2, 1, 1, 16], 'float32'));
      y = g.binary(
        'Mul',
        y,
        g.op('Expand', [g.input('s', [], 'float32'), g.ints(y.shape)], y.shape, 'float32'),
      );
      const mask = g.cast(
        g.binary('Greater', y, g.constant(Float32Array.of(0), [1], 'float32'), 'bool'),
        'float32',
      );
      y = g.op('Clip', [y, g.scalar(0), g.scalar(6)], y.shape, 'float32');
      return [conv(g, g.binary('Mul', y, mask), { outs: 8, kernel: [1, 1] })];
    });
    expect(moves(left)).toBe(2);
  });

  it('blocks another image that is added', async () => {
    const left = await kept((g) => {
      const y = conv(g, image(g, 16), { outs: 16 });
      return [g.binary('Add', g.input('other', [2, 3, 2, 16], 'float32'), y)];
    });
    expect(left.filter((op) => op === ops.to)).toHaveLength(2);
    expect(left.at(-1)).toBe(ops.from);
  });

  it('spreads one image over a batch that is added to it', async () => {
    await kept((g) => {
      const y = conv(g, image(g, 16, { batch: 1 }), { outs: 16 });
      return [g.binary('Add', g.input('other', [3, 3, 2, 16], 'float32'), y)];
    });
    await kept((g) => {
      const y = conv(g, image(g, 16, { batch: 3 }), { outs: 16 });
      return [g.binary('Add', g.input('other', [1, 3, 2, 16], 'float32'), y)];
    });
    await kept((g) => {
      const y = conv(g, image(g, 16, { size: [1, 1] }), { outs: 16, kernel: [1, 1] });
      return [g.binary('Add', g.input('other', [2, 3, 2, 16], 'float32'), y)];
    });
    await kept((g) => {
      const y = conv(g, image(g, 16), { outs: 16 });
      return [g.binary('Add', g.input('other', [5, 1, 1, 1, 16], 'float32'), y)];
    });
  });

  it('does not do among blocks what would see the filling', async () => {
    const left = await kept((g) => {
      const y = conv(g, image(g, 16), { outs: 12 });
      return [conv(g, g.binary('Add', y, g.input('shift', [12], 'float32')), { outs: 8, kernel: [1, 1] })];
    });
    expect(moves(left)).toBe(4);
  });

  it('leaves what changes along one spatial axis only, and comparisons of whole images in bool', async () => {
    await kept((g) => [
      g.binary('Mul', conv(g, image(g, 16), { outs: 16 }), g.input('columns', [1, 1, 2, 16], 'float32')),
    ]);
    await kept((g) => {
      const y = conv(g, image(g, 16), { outs: 16 });
      const mask = g.binary('Greater', g.input('m', y.shape, 'float32'), g.scalar(0), 'bool');
      return [g.op('Where', [mask, y, g.scalar(0)], y.shape, 'float32')];
    });
  });

  it.each(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin'])(
    '%s over pixels is done among blocks',
    async (op) => {
      for (const axes of [
        [0, 1, 2],
        [1, 2],
        [2, 0, 1],
      ])
        for (const keep of [true, false]) {
          const left = await kept((g) => [g.reduce(op, conv(g, image(g, 16), { outs: 32 }), axes, keep)]);
          expect(left).not.toContain(ops.from);
        }
    },
  );

  it('sums over other axes, and over images with filling, are done outside', async () => {
    for (const [outs, axes] of [
      [16, [3]],
      [16, [0]],
      [16, [0, 1]],
      [16, [0, 1, 2, 3]],
      [12, [1, 2]],
    ] as const)
      expect(
        await kept((g) => [g.reduce('ReduceSum', conv(g, image(g, 16), { outs }), axes, true)]),
      ).toContain(ops.from);
    expect(
      await kept((g) => [g.reduce('ReduceProd', conv(g, image(g, 16), { outs: 16 }), [1, 2], true)]),
    ).toContain(ops.from);
  });
});

describe.each([8, 16])('write-blocked with %i channels in a block', (block) => {
  const target = { block, threads: 1, free: false };

  it('leaves no operator of ours', async () => {
    for (const [ins, outs] of [
      [16, 32],
      [12, 20],
      [8, 8],
    ] as const) {
      const { ops: left } = await after(writing, one({ ins, outs }), target);
      expect(left.filter((op) => op.startsWith('blocked:'))).toEqual([]);
    }
  });

  it('moves nothing where an image is one block or one pixel', async () => {
    const pixel = one({ batch: 3, size: [1, 1], kernel: [1, 1], ins: 2 * block, outs: 2 * block });
    for (const build of [one({ ins: block, outs: block }), pixel]) {
      const { ops: left } = await after(writing, build, target);
      expect(left).not.toContain(ops.reorderInput);
      expect(left).not.toContain(ops.reorderOutput);
    }
  });

  it('goes from blocks to channels first in one step, and back again', async () => {
    const twice: Build = (g) => {
      const y = g.transpose(conv(g, image(g, 16), { outs: 2 * block }), [0, 3, 1, 2]);
      return [g.unary('Neg', y), g.unary('Exp', g.transpose(y, [0, 3, 1, 2]))];
    };
    const { graph } = await after(writing, twice, target);
    const written = nodesOf(graph, ops.reorderOutput).map(({ attributes }) => attributes.channels_last);
    expect(written).toContain(0);
  });

  it('leaves a second transpose of the same kind', async () => {
    await after(
      ['block-convolutions', 'write-blocked'],
      (g) => {
        const x = g.input('x', [2, 16, 4, 3], 'float32');
        const filter = g.input('w', [2 * block, 16, 1, 1], 'float32');
        const y = g.op('Conv', [x, filter], [2, 2 * block, 4, 3], 'float32', {
          kernel_shape: [1, 1],
          strides: [1, 1],
          dilations: [1, 1],
          pads: [0, 0, 0, 0],
          group: 1,
        });
        return [g.transpose(y, [0, 3, 1, 2])];
      },
      target,
    );
  });

  it('sums of five axes that are no blocks stay the same, size 0 included', async () => {
    for (const shape of [
      [2, 3, 4, 5, 6],
      [0, 3, 4, 5, 6],
      [2, 3, 4, 5, 0],
      [2, 3, 0, 5, 6],
    ])
      for (const axes of [
        [2, 3],
        [0, 2, 3],
        [1, 2],
      ])
        await after(
          'write-blocked',
          (g) => [g.reduce('ReduceSum', g.input('x', shape, 'float32'), axes, false)],
          target,
        );
  });
});

describe.each([8, 16])('fuse-blocked-bias with %i channels in a block', (block) => {
  const target = { block, threads: 1, free: false };
  const fused = async (build: Build): Promise<readonly string[]> =>
    (await after([...keeping, 'fuse-blocked-bias'], build, target)).ops;
  const biased = (g: GraphBuilder): Value =>
    g.binary('Add', conv(g, image(g, 16), { outs: 2 * block }), g.input('shift', [2 * block], 'float32'));

  it('takes a bias and a ReLU into the convolution', async () => {
    const left = await fused((g) => [g.unary('Relu', biased(g))]);
    expect(left).not.toContain('Add');
    expect(left).not.toContain('Relu');
  });

  it('takes a ReLU alone', async () => {
    const left = await fused((g) => [g.unary('Relu', conv(g, image(g, 16), { outs: 16 }))]);
    expect(left).not.toContain('Relu');
  });

  it('leaves a sum that something else reads before the ReLU, and a convolution that is read before the sum', async () => {
    const sum = await fused((g) => {
      const y = biased(g);
      return [g.unary('Relu', y), g.unary('Neg', y)];
    });
    expect(sum).toContain('Relu');
    const read = await fused((g) => {
      const y = conv(g, image(g, 16), { outs: 16 });
      return [g.binary('Add', y, g.input('shift', [16], 'float32')), g.unary('Neg', y)];
    });
    expect(read).toContain('Add');
  });

  it('adds nothing after a ReLU, a second bias, an image or one number a pixel', async () => {
    const late = await fused((g) => [
      g.binary('Add', g.unary('Relu', biased(g)), g.input('late', [2 * block], 'float32')),
    ]);
    expect(late).toContain('Add');
    const second = await fused((g) => [
      g.binary('Add', biased(g), g.input('second', [2 * block], 'float32')),
    ]);
    expect(second.filter((op) => op === 'Add')).toHaveLength(1);
    const other = await fused((g) => [
      g.binary('Add', conv(g, image(g, 16), { outs: 16 }), g.input('other', [2, 3, 2, 16], 'float32')),
    ]);
    expect(other).toContain('Add');
    const pixels = await fused((g) => [
      g.binary('Add', conv(g, image(g, 16), { outs: 16 }), g.input('pixels', [1, 3, 2, 1], 'float32')),
    ]);
    expect(pixels).toContain('Add');
  });
});

const geometry = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  size: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
  ins: fc.integer({ min: 1, max: 40 }),
  outs: fc.integer({ min: 1, max: 40 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  pads: fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 4 }))) as fc.Arbitrary<
    [number, number, number, number]
  >,
  depthwise: fc.boolean(),
  bias: fc.boolean(),
  direct: fc.boolean(),
});

const convolutions = geometry
  .map(({ depthwise, outs, ...at }) => ({
    ...at,
    outs: depthwise ? at.ins : outs,
    group: depthwise ? at.ins : 1,
  }))
  .filter(({ size, kernel, dilations, pads }) =>
    size.every(
      (n, i) => n + (pads[i] ?? 0) + (pads[i + 2] ?? 0) > ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1),
    ),
  );

describe('convolutions in blocks', () => {
  it.each([8, 16])('give the same numbers for any geometry (block %i)', async (block) => {
    await fc.assert(
      fc.asyncProperty(convolutions, async (at) => {
        await after(
          writing,
          (g) => [
            g.unary(
              'Relu',
              g.binary('Add', conv(g, image(g, at.ins, at), at), g.input('s', [at.outs], 'float32')),
            ),
          ],
          { block, threads: 1, free: false },
        );
      }),
      { numRuns: 60, seed: 31 },
    );
  });

  it.skipIf(machineBlock > 0)(`are left plain: ${noBlocks}`, async () => {
    expect(
      (await after(writing, one({ ins: 16, outs: 16 }), { block: machineBlock, threads: 1, free: false }))
        .ops,
    ).toContain('Conv');
  });
});

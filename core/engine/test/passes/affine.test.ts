// Sums with small coefficients: gathered, computed in few passes, and left where that would be wrong.
import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { ops } from '../../src/graph/blocked.js';
import { portable } from '../../src/graph/target.js';
import { after, type Build, nodesOf } from '../helpers/passes.js';

const image = [4, 8, 8, 16];
const blocks = (block: number): number[] => [4, 2, 8, 8, block];

const inputs = new WeakMap<GraphBuilder, Map<string, Value>>();

/** The input of that name, made when it is first asked for. */
function input(g: GraphBuilder, name: string, shape: readonly number[]): Value {
  const known = inputs.get(g) ?? new Map<string, Value>();
  inputs.set(g, known);
  const value = known.get(name) ?? g.input(name, shape, 'float32');
  known.set(name, value);
  return value;
}

const x = (g: GraphBuilder, shape: readonly number[] = image): Value => input(g, 'x', shape);
const y = (g: GraphBuilder, shape: readonly number[] = image): Value => input(g, 'y', shape);
const small = (g: GraphBuilder, name: string, shape: readonly number[] = [16]): Value =>
  input(g, name, shape);

const collected = async (build: Build, target = portable): Promise<readonly string[]> =>
  (await after(['collect-affine', 'share-common', 'dead-code'], build, target)).ops;

/** Operators on whole images. */
const passesOver = (build: Build, shape: readonly number[] = image): Promise<number> =>
  after(['collect-affine', 'share-common', 'dead-code'], build).then(
    ({ graph }) => graph.nodes.filter(({ outputs }) => String(outputs[0]?.shape) === String(shape)).length,
  );

describe('collect-affine', () => {
  it('makes one product and one sum of scales and shifts in a row', async () => {
    const left = await passesOver((g) => {
      let z = g.binary('Sub', x(g), small(g, 'mean'));
      z = g.binary('Mul', z, small(g, 'scale'));
      z = g.binary('Div', z, small(g, 'deviation'));
      z = g.binary('Add', small(g, 'offset', [1, 1, 1, 16]), z);
      z = g.binary('Mul', g.scalar(-2), g.unary('Neg', z));
      return [g.unary('Exp', z)];
    });
    expect(left).toBe(3);
  });

  it('gathers what the same image has in several terms', async () => {
    const left = await passesOver((g) => {
      const image = x(g);
      const a = g.binary('Mul', image, small(g, 'a'));
      const b = g.binary('Div', image, g.scalar(3));
      const c = g.binary('Sub', g.binary('Add', a, b), image);
      return [g.unary('Exp', g.binary('Sub', c, g.binary('Mul', y(g), small(g, 'a'))))];
    });
    expect(left).toBe(4);
  });

  it('cancels terms without losing shape or value', async () => {
    await collected((g) => {
      const image = x(g);
      const twice = g.binary('Add', image, image);
      return [g.unary('Exp', g.binary('Sub', g.binary('Sub', twice, image), image))];
    });
  });

  it('leaves a value alone that is read whole too', async () => {
    await collected((g) => {
      const shifted = g.binary('Sub', x(g), small(g, 'mean'));
      const scaled = g.binary('Mul', shifted, small(g, 'scale'));
      return [g.unary('Exp', shifted), g.unary('Exp', g.binary('Mul', scaled, scaled)), scaled];
    });
  });

  it('computes products of the same two images once, whatever their coefficients', async () => {
    const { graph } = await after(['collect-affine', 'share-common', 'dead-code'], (g) => {
      const [a, b] = [x(g), y(g)];
      const first = g.binary('Mul', g.binary('Mul', a, small(g, 's')), b);
      const second = g.binary('Mul', b, g.binary('Mul', a, g.scalar(3)));
      return [
        g.reduce('ReduceSum', first, [0, 1, 2], false),
        g.reduce('ReduceSum', second, [0, 1, 2], false),
      ];
    });
    expect(
      nodesOf(graph, 'Mul').filter(({ outputs }) => String(outputs[0]?.shape) === String(image)),
    ).toHaveLength(1);
  });

  it.each(['ReduceSum', 'ReduceMean'])('%s of a sum is the sum of its terms', async (op) => {
    for (const axes of [
      [0, 1, 2],
      [1, 2],
      [2, 0, 1],
    ])
      for (const keep of [true, false])
        expect(
          await passesOver((g) => {
            const z = g.binary(
              'Mul',
              g.binary('Sub', x(g), small(g, 'mean')),
              small(g, 'scale', [1, 1, 1, 16]),
            );
            return [g.reduce(op, g.binary('Add', z, y(g)), axes, keep)];
          }),
        ).toBe(0);
  });

  it('negative axes are those from the end', async () => {
    await collected((g) => {
      const z = g.binary('Mul', g.binary('Sub', x(g), small(g, 'm')), small(g, 's'));
      const axes = g.ints([-4, -2, -3]);
      return [g.op('ReduceSum', [z, axes], [1, 1, 1, 16], 'float32', { keepdims: 1 })];
    });
  });

  it('sums along which a coefficient changes are left', async () => {
    for (const [shape, axes] of [
      [[16], [3]],
      [[16], [0, 1, 2, 3]],
      [[4, 1, 1, 1], [0]],
      [
        [1, 8, 1, 1],
        [1, 2],
      ],
      [
        [8, 1, 16],
        [0, 1],
      ],
    ] as const) {
      const left = await passesOver((g) => {
        const z = g.binary('Add', g.binary('Mul', x(g), small(g, 'c', shape)), small(g, 'd', shape));
        return [g.reduce('ReduceSum', z, axes, true)];
      });
      expect(left, `[${shape}] along ${axes}`).toBeGreaterThan(0);
    }
  });

  it('keeps what is spread over an image and summed', async () => {
    await collected((g) => {
      const wide = g.op('Expand', [small(g, 'c', [4, 1, 1, 16]), g.ints(image)], image, 'float32');
      const ones = g.op('Expand', [g.scalar(2), g.ints(image)], image, 'float32');
      const z = g.binary('Mul', g.binary('Add', x(g), wide), ones);
      return [
        g.reduce('ReduceSum', z, [1, 2], false),
        g.reduce('ReduceMean', wide, [0, 3], true),
        g.unary('Exp', z),
      ];
    });
  });

  it('images of different sizes that broadcast are not terms of one sum', async () => {
    await collected((g) => [
      g.unary('Exp', g.binary('Mul', g.binary('Add', x(g), small(g, 'one', [1, 8, 8, 16])), small(g, 'c'))),
      g.unary('Exp', g.binary('Add', small(g, 'row', [4, 1, 1, 16]), small(g, 'column', [8, 8, 1]))),
    ]);
    await collected((g) => [
      g.unary(
        'Exp',
        g.binary('Sub', g.binary('Mul', x(g, [1, 8, 32, 16]), g.scalar(2)), y(g, [3, 8, 32, 16])),
      ),
    ]);
  });

  it('leaves small tensors, integers, and a division by an image', async () => {
    expect(
      await collected((g) => [
        g.unary(
          'Exp',
          g.binary(
            'Add',
            g.binary('Mul', x(g, [16]), small(g, 'a')),
            g.binary('Mul', x(g, [16]), small(g, 'a')),
          ),
        ),
      ]),
    ).toContain('Mul');
    const divided = await collected((g) => [
      g.unary('Neg', g.binary('Div', g.binary('Mul', x(g), g.scalar(2)), g.unary('Exp', y(g)))),
    ]);
    expect(divided).toContain('Div');
    await collected((g) => {
      const whole = g.cast(g.binary('Mul', x(g), g.scalar(4)), 'int32');
      const sum = g.binary('Add', whole, g.constant(Int32Array.of(3), [], 'int32'));
      return [g.cast(g.binary('Div', sum, g.constant(Int32Array.of(2), [], 'int32')), 'float32')];
    });
  });

  it('gathers no more than four terms', async () => {
    await collected((g) => {
      const terms = Array.from({ length: 9 }, (_, i) =>
        g.binary(
          'Mul',
          g.binary('Mul', g.input(`x${i}`, image, 'float32'), g.scalar(i + 2)),
          small(g, `c${i}`),
        ),
      );
      return [
        g.unary(
          'Exp',
          terms.reduce((total, term) => g.binary('Add', total, term)),
        ),
      ];
    });
  });

  it('one plus a bounded value is a hard sigmoid, where that is nowhere cut', async () => {
    for (const [op, k, c] of [
      ['Erf', 1, 1],
      ['Tanh', -0.5, 1],
      ['Tanh', 1, -1],
      ['Erf', 2, 1],
      ['Exp', 1, 1],
    ] as const) {
      const left = await collected((g) => {
        const bounded = g.binary('Mul', g.unary(op, x(g)), g.scalar(k));
        return [g.unary('Exp', g.binary('Mul', g.binary('Add', g.scalar(c), bounded), g.scalar(0.5)))];
      });
      expect(left.includes('HardSigmoid'), `${k} ${op} + ${c}`).toBe(
        op !== 'Exp' && Math.abs(k) <= Math.abs(c),
      );
    }
  });

  it('volumes are not taken for images in blocks', async () => {
    for (const channels of [8, 16, 12])
      for (const target of [portable, { block: 16, threads: 1, free: false }]) {
        const shape = [2, 1, 8, 16, channels];
        const left = await collected((g) => {
          const z = g.binary('Sub', x(g, shape), small(g, 'mean', [1, 1, 1, 1, channels]));
          return [g.unary('Exp', g.binary('Mul', z, small(g, 'scale', [1, 1, 1, 1, channels])))];
        }, target);
        if (channels !== target.block) expect(left.filter((op) => op.includes(':'))).toEqual([]);
      }
  });
});

describe.each([8, 16])('collect-affine over images of %i channels in a block', (block) => {
  const target = { block, threads: 1, free: false };
  const shape = blocks(block);
  const vector = (g: GraphBuilder, name: string): Value => small(g, name, [1, 2, 1, 1, block]);
  const left = (build: Build): Promise<readonly string[]> => collected(build, target);
  const convs = (list: readonly string[]): number => list.filter((op) => op === ops.conv).length;

  it('scales and shifts by one convolution', async () => {
    const list = await left((g) => {
      const z = g.binary('Mul', g.binary('Sub', x(g, shape), vector(g, 'mean')), vector(g, 'scale'));
      return [g.unary('Exp', z)];
    });
    expect(convs(list)).toBe(1);
  });

  it('adds images, with a coefficient each or none', async () => {
    const list = await left((g) => {
      const scaled = g.binary('Mul', x(g, shape), vector(g, 'scale'));
      const z = g.binary('Add', g.binary('Add', y(g, shape), scaled), vector(g, 'shift'));
      const w = g.binary('Sub', z, g.binary('Mul', g.input('z', shape, 'float32'), g.scalar(0.3)));
      return [g.unary('Exp', w)];
    });
    expect(convs(list)).toBe(2);
    const both = await left((g) => {
      const sum = g.binary(
        'Add',
        g.binary('Mul', x(g, shape), vector(g, 'a')),
        g.binary('Mul', y(g, shape), g.scalar(2)),
      );
      return [g.unary('Exp', sum)];
    });
    expect(convs(both)).toBe(2);
    const bare = await left((g) => [
      g.unary('Exp', g.binary('Add', g.binary('Add', x(g, shape), y(g, shape)), vector(g, 'shift'))),
    ]);
    expect(convs(bare)).toBe(1);
  });

  it('rectifies at once where nothing else reads the sum', async () => {
    const list = await left((g) => {
      const z = g.binary('Add', g.binary('Mul', x(g, shape), vector(g, 'scale')), vector(g, 'shift'));
      return [g.unary('Neg', g.unary('Relu', z))];
    });
    expect(list).not.toContain('Relu');
    const read = await left((g) => {
      const z = g.binary('Add', g.binary('Mul', x(g, shape), vector(g, 'scale')), vector(g, 'shift'));
      return [g.unary('Relu', z), g.unary('Exp', z)];
    });
    expect(read).toContain('Relu');
    const plain = await left((g) => [g.unary('Relu', g.binary('Add', x(g, shape), y(g, shape)))]);
    expect(plain).toContain('Relu');
  });

  it('does not take coefficients a pixel or an image into a convolution', async () => {
    for (const other of [
      [4, 1, 1, 1, 1],
      [1, 1, 8, 8, 1],
      [4, 2, 1, 1, block],
      [8, 1],
    ]) {
      const list = await left((g) => [
        g.unary(
          'Exp',
          g.binary('Add', g.binary('Mul', x(g, shape), small(g, 'c', other)), vector(g, 'shift')),
        ),
      ]);
      expect(convs(list), `[${other}]`).toBe(0);
    }
  });

  it('a batch norm and its gradient stay the same', async () => {
    await left((g) => {
      const [image, dy] = [x(g, shape), y(g, shape)];
      const mean = g.reduce('ReduceMean', image, [0, 2, 3], true);
      const shifted = g.binary('Sub', image, mean);
      const variance = g.reduce('ReduceMean', g.binary('Mul', shifted, shifted), [0, 2, 3], true);
      const inverse = g.unary('Reciprocal', g.unary('Sqrt', g.binary('Add', variance, g.scalar(1e-3))));
      const normal = g.binary('Mul', shifted, inverse);
      const out = g.unary(
        'Relu',
        g.binary('Add', g.binary('Mul', normal, vector(g, 'gamma')), vector(g, 'beta')),
      );
      const dnormal = g.binary('Mul', dy, vector(g, 'gamma'));
      const own = g.reduce('ReduceMean', dnormal, [0, 2, 3], true);
      const along = g.reduce('ReduceMean', g.binary('Mul', dnormal, normal), [0, 2, 3], true);
      const dx = g.binary(
        'Mul',
        g.binary('Sub', g.binary('Sub', dnormal, own), g.binary('Mul', normal, along)),
        inverse,
      );
      return [
        g.unary('Neg', out),
        g.unary('Neg', dx),
        g.reduce('ReduceSum', g.binary('Mul', dx, dx), [0, 2, 3], false),
      ];
    });
  });
});

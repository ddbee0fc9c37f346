// Stacking: equal shapes, padding of ragged axes, errors that name field and example.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stack, type Example } from 'potstill';

const vector = (...values: number[]): Example => ({
  x: { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) },
});

describe('stack', () => {
  it('puts the batch axis first', () => {
    const spec = { x: { dtype: 'float32', shape: [2] } } as const;
    expect(stack([vector(1, 2), vector(3, 4)], spec, [5, 6])).toEqual({
      size: 2,
      indices: [5, 6],
      tensors: { x: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } },
    });
  });

  it('makes an empty batch of no examples', () => {
    const batch = stack([], { x: { dtype: 'bool', shape: [] } }, []);
    expect(batch.tensors.x).toEqual({ dtype: 'bool', shape: [0], data: new Uint8Array(0) });
  });

  it('pads a ragged axis with zeros and gives the lengths', () => {
    const spec = { x: { dtype: 'float32', shape: [null] } } as const;
    const batch = stack([vector(1), vector(), vector(2, 3, 4)], spec, [0, 1, 2]);
    expect(batch.tensors.x).toEqual({
      dtype: 'float32',
      shape: [3, 3],
      data: Float32Array.of(1, 0, 0, 0, 0, 0, 2, 3, 4),
    });
    expect(batch.tensors['x.length']).toEqual({ dtype: 'int32', shape: [3], data: Int32Array.of(1, 0, 3) });
  });

  it('puts every element of ragged examples where its coordinates say', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (sizes) => {
        const examples = sizes.map(([h, w]): Example => ({
          x: {
            dtype: 'int32',
            shape: [h, 2, w],
            data: Int32Array.from({ length: h * 2 * w }, (_, i) => i + 1),
          },
        }));
        const spec = { x: { dtype: 'int32', shape: [null, 2, null] } } as const;
        const { tensors } = stack(
          examples,
          spec,
          sizes.map((_, i) => i),
        );
        const height = Math.max(...sizes.map(([h]) => h));
        const width = Math.max(...sizes.map(([, w]) => w));
        expect(tensors.x?.shape).toEqual([sizes.length, height, 2, width]);
        expect(tensors['x.length']).toEqual({
          dtype: 'int32',
          shape: [sizes.length, 2],
          data: Int32Array.from(sizes.flat()),
        });
        const want = sizes.flatMap(([h, w]) =>
          Array.from({ length: height * 2 * width }, (_, at) => {
            const y = Math.floor(at / (2 * width));
            const c = Math.floor(at / width) % 2;
            const x = at % width;
            return y < h && x < w ? (y * 2 + c) * w + x + 1 : 0;
          }),
        );
        expect(Array.from(tensors.x?.data ?? [])).toEqual(want);
      }),
    );
  });

  it('names example and field when a shape or dtype is wrong or a field is missing', () => {
    const spec = { x: { dtype: 'float32', shape: [2] } } as const;
    const try_ = (example: Example) => () => stack([vector(1, 2), example], spec, [3, 9], { name: 'train' });
    expect(try_(vector(1))).toThrow('DATA_DAMAGED: train: example 9 field `x` has shape [1], expected [2]');
    expect(try_({})).toThrow('train: example 9 has no field `x`');
    expect(try_({ x: { dtype: 'int32', shape: [2], data: new Int32Array(2) } })).toThrow(
      'train: example 9 field `x` is int32, expected float32',
    );
    expect(try_({ x: { dtype: 'float32', shape: [2], data: new Float32Array(3) } })).toThrow(
      'field `x` has 3 elements for shape [2]',
    );
    expect(() => stack([{ x: { dtype: 'bool', shape: [2], data: new Uint8Array(2) } }], spec, [0])).toThrow(
      'example 0 field `x` is bool, the data set declares float32',
    );
  });

  it('lets transforms change a shape, as long as all examples agree', () => {
    const spec = { x: { dtype: 'float32', shape: [2] } } as const;
    expect(stack([vector(1)], spec, [0], { transformed: true }).tensors.x?.shape).toEqual([1, 1]);
    expect(() => stack([vector(1), vector(1, 2)], spec, [0, 1], { transformed: true })).toThrow(
      'example 1 field `x` has shape [2], expected [1]',
    );
  });
});

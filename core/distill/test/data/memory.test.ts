// In-memory data sets and their parts.
import { describe, expect, it } from 'vitest';
import { descriptionOf, filterClasses, fingerprint, memoryDataset, range, subset } from 'potstill';

const pixels = Float32Array.from({ length: 12 }, (_, i) => i);
const make = (data = pixels, labels = [0, 1, 0, 2]) =>
  memoryDataset({
    description: { inputs: ['x'], target: 'label', labels: ['a', 'b', 'c'], source: 'made here' },
    columns: {
      x: { dtype: 'float32', shape: [4, 3], data },
      label: { dtype: 'int32', shape: [4], data: Int32Array.from(labels) },
    },
  });

describe('memoryDataset', () => {
  it('gives examples as views, without a copy', async () => {
    const example = await make().example(1);
    expect(example.x).toEqual({ dtype: 'float32', shape: [3], data: Float32Array.of(3, 4, 5) });
    expect(example.x?.data.buffer).toBe(pixels.buffer);
    expect(example.label).toEqual({ dtype: 'int32', shape: [], data: Int32Array.of(1) });
  });

  it('gathers a batch in the order asked for', async () => {
    const batch = await make().batch?.([3, 0]);
    expect(batch?.tensors.x?.data).toEqual(Float32Array.of(9, 10, 11, 0, 1, 2));
    expect(batch?.tensors.label).toEqual({ dtype: 'int32', shape: [2], data: Int32Array.of(2, 0) });
    expect(batch?.indices).toEqual([3, 0]);
  });

  it('writes over the arrays of a batch that nobody reads any more, where they fit', async () => {
    const spare = await make().batch?.([0, 1]);
    const batch = await make().batch?.([3, 0], spare);
    expect(batch?.tensors.x?.data).toBe(spare?.tensors.x?.data);
    expect(batch?.tensors.x?.data).toEqual(Float32Array.of(9, 10, 11, 0, 1, 2));
    const one = await make().batch?.([2], spare);
    expect(one?.tensors.x?.data).toEqual(Float32Array.of(6, 7, 8));
    expect(one?.tensors.label?.data).toEqual(Int32Array.of(0));
  });

  it('has another fingerprint when content or description differ, and the same otherwise', () => {
    const other = pixels.map((value, i) => (i === 11 ? value + 1 : value));
    expect(make().fingerprint).toBe(make().fingerprint);
    expect(make(other).fingerprint).not.toBe(make().fingerprint);
    expect(make(pixels, [0, 1, 0, 1]).fingerprint).not.toBe(make().fingerprint);
  });

  it('describes itself without its examples', () => {
    expect(descriptionOf(make())).toEqual({
      spec: { x: { dtype: 'float32', shape: [3] }, label: { dtype: 'int32', shape: [] } },
      inputs: ['x'],
      target: 'label',
      labels: ['a', 'b', 'c'],
      source: 'made here',
      fingerprint: make().fingerprint,
    });
  });

  it('refuses columns of different lengths, absent fields and absent examples', () => {
    const x = { dtype: 'float32', shape: [2], data: new Float32Array(2) } as const;
    const y = { dtype: 'float32', shape: [3], data: new Float32Array(3) } as const;
    expect(() => memoryDataset({ description: { inputs: ['x'] }, columns: { x, y } })).toThrow(
      'column `y` has shape [3], expected 2 examples as in `x`',
    );
    expect(() => memoryDataset({ description: { inputs: ['z'] }, columns: { x } })).toThrow('no column `z`');
    expect(() => make().example(4)).toThrow('example 4 of a data set of 4');
  });
});

describe('subset, range, filterClasses', () => {
  it('renumbers the chosen examples', async () => {
    const part = subset(make(), [2, 0]);
    expect(part.size).toBe(2);
    expect((await part.example(0)).x?.data).toEqual(Float32Array.of(6, 7, 8));
    const batch = await part.batch?.([1, 0]);
    expect(batch?.indices).toEqual([1, 0]);
    expect(batch?.tensors.x?.data).toEqual(Float32Array.of(0, 1, 2, 6, 7, 8));
    await expect(part.example(2)).rejects.toThrow('example 2 of a subset of 2');
    expect(() => subset(make(), [4])).toThrow('example 4 of a data set of 4');
  });

  it('has a fingerprint of its own for each choice', () => {
    const prints = [make(), subset(make(), [0, 1]), subset(make(), [1, 0]), subset(make(), [])];
    expect(new Set(prints.map((data) => data.fingerprint)).size).toBe(4);
    expect(range(make(), 0, 2).fingerprint).toBe(subset(make(), [0, 1]).fingerprint);
  });

  it('cuts a range to what is there', () => {
    expect(range(make(), 1, 99).size).toBe(3);
    expect(range(make(), 9, 12).size).toBe(0);
  });

  it('filters by class and keeps class numbers and labels', async () => {
    const without = await filterClasses(make(), { exclude: [0] });
    expect(without.size).toBe(2);
    expect((await without.example(1)).label?.data[0]).toBe(2);
    expect(without.labels).toEqual(['a', 'b', 'c']);
    expect((await filterClasses(make(), { only: [0, 1], exclude: [1] })).size).toBe(2);
  });
});

describe('fingerprint', () => {
  it('does not depend on the order of keys, but on types and boundaries', () => {
    expect(fingerprint({ a: 1, b: [2] })).toBe(fingerprint({ b: [2], a: 1 }));
    expect(fingerprint('ab', 'c')).not.toBe(fingerprint('a', 'bc'));
    expect(fingerprint('1')).not.toBe(fingerprint(1));
    expect(fingerprint(Uint8Array.of(1, 2))).not.toBe(fingerprint(Uint8Array.of(1), Uint8Array.of(2)));
    expect(fingerprint(null)).toMatch(/^[0-9a-f]{64}$/);
  });
});

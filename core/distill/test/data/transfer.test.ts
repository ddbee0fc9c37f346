// Training and transfer data as one: whose truth counts, and what stands where there is none.
import { describe, expect, it } from 'vitest';
import {
  descriptionOf,
  examplesDataset,
  joinTransfer,
  memoryDataset,
  type HostTensors,
  type IndexedDataset,
} from 'potstill';
import { randomStream } from '@potstill/engine';
import { batches } from '../../src/data/batches.js';

const numbers = (values: readonly number[], width = 1) =>
  ({
    dtype: 'float32',
    shape: [values.length / width, ...(width > 1 ? [width] : [])],
    data: Float32Array.from(values),
  }) as const;
const integers = (values: readonly number[]) =>
  ({ dtype: 'int32', shape: [values.length], data: Int32Array.from(values) }) as const;

const train = memoryDataset({
  description: { inputs: ['x'], target: 'label', labels: ['a', 'b'] },
  columns: { x: numbers([1, 2, 3]), label: integers([0, 1, 1]), speaker: integers([4, 5, 6]) },
});
const transfer = memoryDataset({
  description: { inputs: ['x'], target: 'label', labels: ['p', 'q', 'r'] },
  columns: { x: numbers([10, 20]), label: integers([2, 0]), extra: numbers([7, 8]) },
});

const plain = (tensors: HostTensors) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, Array.from(data)]));

async function readAll(data: IndexedDataset) {
  const found: Record<string, number[]>[] = [];
  for (let i = 0; i < data.size; i++) found.push(plain(await data.example(i)));
  return found;
}

describe('joinTransfer', () => {
  it('has the examples of both, and the truth of the training data alone', async () => {
    const joined = joinTransfer(train, transfer);
    expect(joined).toMatchObject({ size: 5, unlabelled: true, labelled: 'labelled', labels: ['a', 'b'] });
    expect(Array.from(joined.targets ?? [])).toEqual([0, 1, 1, -1, -1]);
    expect(await readAll(joined)).toEqual([
      { x: [1], label: [0], labelled: [1] },
      { x: [2], label: [1], labelled: [1] },
      { x: [3], label: [1], labelled: [1] },
      { x: [10], label: [-1], labelled: [0] },
      { x: [20], label: [-1], labelled: [0] },
    ]);
    expect(Object.keys(joined.spec)).toEqual(['x', 'label', 'labelled']);
  });

  it('gives in a batch, in any order, what it gives one by one', async () => {
    const joined = joinTransfer(train, transfer);
    const order = [4, 0, 3, 3, 2];
    const batch = await joined.batch?.(order);
    expect(batch?.indices).toEqual(order);
    expect(plain(batch?.tensors ?? {})).toEqual({
      x: [20, 1, 10, 10, 3],
      label: [-1, 0, -1, -1, 1],
      labelled: [0, 1, 0, 0, 1],
    });
    expect(plain((await joined.batch?.([1]))?.tensors ?? {})).toEqual({ x: [2], label: [1], labelled: [1] });
  });

  it('reads data that offer no batches, and lengths that differ, one by one', async () => {
    const ragged = (lengths: readonly number[], target: string): IndexedDataset => ({
      spec: {
        x: { dtype: 'float32', shape: [null] },
        [target]: { dtype: 'float32', shape: [null, 2] },
      },
      inputs: ['x'],
      target,
      fingerprint: lengths.join(),
      size: lengths.length,
      example: (i) =>
        Promise.resolve({
          x: { ...numbers(Array<number>(lengths[i] ?? 0).fill(i)), shape: [lengths[i] ?? 0] },
          [target]: numbers([1, 2, 3, 4], 2),
        }),
    });
    const joined = joinTransfer(ragged([1, 3], 'boxes'), ragged([2], 'others'));
    expect(joined.spec).toEqual({
      x: { dtype: 'float32', shape: [null] },
      boxes: { dtype: 'float32', shape: [null, 2] },
      labelled: { dtype: 'int32', shape: [] },
    });
    const { value: batch } = await batches(joined, { size: 3, random: randomStream(1) }).next();
    expect(plain(batch ? batch.tensors : {})).toEqual({
      x: [0, 0, 0, 1, 1, 1, 0, 0, 0],
      'x.length': [1, 3, 2],
      boxes: [1, 2, 3, 4, 1, 2, 3, 4, 0, 0, 0, 0],
      'boxes.length': [2, 2, 0],
      labelled: [1, 1, 0],
    });
  });

  it('puts NaN where a number is the truth', async () => {
    const priced = memoryDataset({
      description: { inputs: ['x'], target: 'price' },
      columns: { x: numbers([1]), price: numbers([9]) },
    });
    expect(await readAll(joinTransfer(priced, transfer))).toEqual([
      { x: [1], price: [9], labelled: [1] },
      { x: [10], price: [NaN], labelled: [0] },
      { x: [20], price: [NaN], labelled: [0] },
    ]);
  });

  it('keeps what training data say of rows without a number', async () => {
    const some = {
      ...memoryDataset({
        description: { inputs: ['x'], target: 'price', unlabelled: true, labelled: 'labelled' },
        columns: { x: numbers([1, 2]), price: numbers([9, NaN]), labelled: integers([1, 0]) },
      }),
    };
    expect(
      (await readAll(joinTransfer(some, transfer))).map(({ price, labelled }) => [price, labelled]),
    ).toEqual([
      [[9], [1]],
      [[NaN], [0]],
      [[NaN], [0]],
      [[NaN], [0]],
    ]);
  });

  it('changes its fingerprint with either part, and keeps the description of the training data', () => {
    const joined = joinTransfer(train, transfer);
    const { spec: _spec, fingerprint, unlabelled: _u, labelled: _l, ...rest } = descriptionOf(joined);
    const { spec: _own, fingerprint: ownFingerprint, ...own } = descriptionOf(train);
    expect(rest).toEqual(own);
    const others = [joinTransfer(transfer, train), joinTransfer(train, train), joined].map(
      (each) => each.fingerprint,
    );
    expect(new Set([fingerprint, ownFingerprint, ...others]).size).toBe(4);
  });
});

describe('a target along the frames of an input', () => {
  it('is as long as they are, and -1, where there is no truth', async () => {
    const spec = {
      frames: { dtype: 'float32', shape: [null], free: ['time'] },
      phone: { dtype: 'int32', shape: [null], free: ['time'] },
    } as const;
    const utterances = (phone: number, ...lengths: number[]) =>
      examplesDataset({
        description: { spec, inputs: ['frames'], target: 'phone' },
        examples: lengths.map((length) => ({
          frames: { dtype: 'float32', shape: [length], data: new Float32Array(length) },
          phone: { dtype: 'int32', shape: [length], data: new Int32Array(length).fill(phone) },
        })),
      });
    const joint = joinTransfer(utterances(3, 2), utterances(4, 3, 1));
    expect(joint.lengths?.time).toEqual(Int32Array.of(2, 3, 1));
    const phones = await Promise.all(
      [0, 1, 2].map(async (index) => (await joint.example(index)).phone?.data),
    );
    expect(phones).toEqual([Int32Array.of(3, 3), Int32Array.of(-1, -1, -1), Int32Array.of(-1)]);
  });
});

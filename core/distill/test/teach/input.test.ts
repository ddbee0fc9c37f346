// What a teacher is given: the data's preprocessing undone, its own applied, axes in its order. By properties.
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Preprocessing } from 'potstill';
import { described, identity, images, modelFolder, type Axis, type Folder } from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

type Layout = Preprocessing['layout'];
interface Size {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Raw values by (example, y, x, channel) laid out; flat is channels last. */
function laidOut(layout: Layout, size: Size, rows: number, value: (at: number[]) => number): number[] {
  const { height, width, channels } = size;
  const out: number[] = [];
  const each = (n: number, body: (i: number) => void) => Array.from({ length: n }, (_, i) => body(i));
  each(rows, (r) => {
    if (layout === 'NCHW')
      each(channels, (c) => each(height, (y) => each(width, (x) => out.push(value([r, y, x, c])))));
    else each(height, (y) => each(width, (x) => each(channels, (c) => out.push(value([r, y, x, c])))));
  });
  return out;
}

function shapeOf(layout: Layout, { height, width, channels }: Size): number[] {
  if (layout === 'flat') return [height * width * channels];
  return layout === 'NHWC' ? [height, width, channels] : [channels, height, width];
}

const raw = ([r, y, x, c]: number[]): number =>
  ((r as number) * 37 + (y as number) * 11 + (x as number) * 5 + (c as number) * 3) % 256;

const layouts = fc.constantFrom<Layout>('NHWC', 'NCHW', 'flat');
const numbers = (channels: number) =>
  fc.record({
    scale: fc.constantFrom(1, 1 / 255, 2),
    mean: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: channels, maxLength: channels }),
    std: fc.array(fc.double({ min: 0.25, max: 4, noNaN: true }), {
      minLength: channels,
      maxLength: channels,
    }),
  });
// Height and width larger than any number of channels, and different, so that no order can be taken for another.
const sizes = fc.record({
  height: fc.constantFrom(5, 6),
  width: fc.constantFrom(4, 7),
  channels: fc.constantFrom(1, 2, 3),
});

describe('onnx teacher input', () => {
  it('is in the numbers, order and shape that the model wants, whatever those of the data', async () => {
    const cases = sizes.chain((size) =>
      fc.record({
        size: fc.constant(size),
        ours: fc.record({ layout: layouts, numbers: numbers(size.channels) }),
        theirs: fc.record({ layout: layouts, numbers: numbers(size.channels) }),
        rows: fc.constantFrom(1, 2, 3),
        batch: fc.constantFrom<Axis>('batch', 1, 2),
        tell: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, ours, theirs, rows, batch, tell }) => {
        // A flat input takes the order of the data; NCHW data flat would be another order than NHWC data flat.
        fc.pre(!(theirs.layout === 'flat' && ours.layout === 'NCHW'));
        const input = (at: number[], { scale, mean, std }: typeof ours.numbers) => {
          const c = at[3] as number;
          return (raw(at) * scale - (mean[c] as number)) / (std[c] as number);
        };
        await folder.put('property.onnx', identity([batch, ...shapeOf(theirs.layout, size)]));
        const data = described(shapeOf(ours.layout, size), { layout: ours.layout, ...ours.numbers });
        const options = { ...theirs.numbers, ...(tell ? { layout: theirs.layout } : {}) };
        const teacher = await folder.open('onnx', { model: 'property.onnx', input: options }, data);
        const given = images(
          [rows, ...shapeOf(ours.layout, size)],
          laidOut(ours.layout, size, rows, (at) => input(at, ours.numbers)),
        );
        const { logits } = await teacher.label(given);
        await teacher.dispose();
        expect(logits?.shape).toEqual([rows, ...shapeOf(theirs.layout, size)]);
        const want = laidOut(theirs.layout, size, rows, (at) => input(at, theirs.numbers));
        want.forEach((value, i) => {
          // Float32 data of size s carry an error of s * 2^-24, which another std can magnify.
          const tolerance = 1e-4 * (1 + Math.abs(value)) + 1e-4 * (theirs.numbers.scale / ours.numbers.scale);
          expect(Math.abs((logits?.data[i] as number) - value)).toBeLessThan(tolerance);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is bit for bit what the data give where nothing is asked for, or the same', async () => {
    const preprocessing = { layout: 'NHWC', scale: 1 / 255, mean: [0.1307], std: [0.3081] } as const;
    await folder.put('same.onnx', identity(['batch', 2, 2, 1]));
    const { scale, mean, std } = preprocessing;
    for (const input of [undefined, {}, { scale, mean: [...mean], std: [...std] }]) {
      const options = { model: 'same.onnx', ...(input ? { input } : {}) };
      const teacher = await folder.open('onnx', options, described([2, 2, 1], preprocessing));
      const batch = images([1, 2, 2, 1], [0.1, -0.42, 2.8, 1e-7]);
      expect((await teacher.label(batch)).logits?.data).toEqual(batch.tensors.image?.data);
      await teacher.dispose();
    }
  });

  it('takes the scale of the data where only mean or std is asked for', async () => {
    await folder.put('part.onnx', identity(['batch', 1]));
    const data = described([1], { layout: 'flat', scale: 0.01, mean: [0.5], std: [0.5] });
    const teacher = await folder.open('onnx', { model: 'part.onnx', input: { mean: 0.25 } }, data);
    // Raw 100 is 1 after scaling, and (1 - 0.5) / 0.5 in the data.
    expect((await teacher.label(images([1, 1], [1]))).logits?.data[0]).toBeCloseTo(0.75, 6);
    await teacher.dispose();
  });

  it('takes data without a preprocessing as raw', async () => {
    await folder.put('raw.onnx', identity(['batch', 1]));
    const teacher = await folder.open(
      'onnx',
      { model: 'raw.onnx', input: { scale: 0.5, mean: 1 } },
      described([1]),
    );
    expect((await teacher.label(images([1, 1], [10]))).logits?.data[0]).toBe(4);
    await teacher.dispose();
  });

  it.each<[string, (number | null)[], Axis[], number[]]>([
    ['a flat square becomes an image of free size', [9], ['batch', 1, 'h', 'w'], [1, 3, 3]],
    ['a flat image becomes one whose height is known', [12], ['batch', 3, 'w', 1], [3, 4, 1]],
    ['axes of length 1 are put in', [4, 5], ['batch', 1, 4, 5], [1, 4, 5]],
    ['axes of length 1 are left out', [4, 5, 1], ['batch', 4, 5], [4, 5]],
    ['an image becomes flat', [4, 5, 1], ['batch', 20], [20]],
    ['an image becomes flat of any length', [4, 5, 1], ['batch', 'n'], [20]],
    ['a scalar becomes one number', [], ['batch', 1], [1]],
  ])('%s', async (_, ours, theirs, want) => {
    await folder.put('shape.onnx', identity(theirs));
    const teacher = await folder.open('onnx', { model: 'shape.onnx' }, described(ours));
    expect(teacher.outputs.logits?.shape).toEqual(want);
    const count = want.reduce((product, length) => product * length, 1);
    const values = Array.from({ length: 2 * count }, (_, i) => i);
    const { logits } = await teacher.label(images([2, ...(ours as number[])], values));
    expect(logits?.shape).toEqual([2, ...want]);
    expect([...(logits?.data ?? [])]).toEqual(values);
    await teacher.dispose();
  });

  it('follows axes whose length varies', async () => {
    await folder.put('ragged.onnx', identity(['batch', 'frames', 2]));
    const teacher = await folder.open('onnx', { model: 'ragged.onnx' }, described([null, 2]));
    expect(teacher.outputs.logits?.shape).toEqual([null, 2]);
    expect((await teacher.label(images([1, 3, 2], [1, 2, 3, 4, 5, 6]))).logits?.shape).toEqual([1, 3, 2]);
    await teacher.dispose();
  });
});

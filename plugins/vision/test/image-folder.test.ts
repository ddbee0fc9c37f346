// vision/image-folder: kinds of images, damaged ones, caches. The images are made here.
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batches, PotstillError, type IndexedDataset } from 'potstill';
import { randomStream } from '@potstill/engine';
import { make, testServices, type TestServices } from './services.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-vision-folder-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A picture of one colour, height x width. */
const plain = (height: number, width: number, colour: string) =>
  sharp({ create: { height, width, channels: 3, background: colour } });

/** A picture whose JPEG is some kilobytes, so that there is a body to damage. */
const noisy = (side: number) =>
  sharp(
    Uint8Array.from({ length: side * side * 3 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 24) & 255),
    { raw: { width: side, height: side, channels: 3 } },
  );

async function put(name: string, content: Uint8Array | Promise<Uint8Array>): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await content);
  return path;
}

const open = (options: object, services: TestServices = testServices(folder)) =>
  make('dataset', 'vision/image-folder', options, services, {}) as Promise<IndexedDataset>;

async function failure(options: object): Promise<PotstillError> {
  const error = await open(options).catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error;
}

/** The pixels of an example as bytes. */
async function bytesOf(data: IndexedDataset, index: number): Promise<number[]> {
  return Array.from((await data.example(index)).image?.data ?? [], (value) => Math.round(value * 255));
}

describe('vision/image-folder', () => {
  it('takes class names from folders, sorted, files within folders too, and hidden files not', async () => {
    await put('sorted/b/2.png', plain(2, 3, '#f00').png().toBuffer());
    await put('sorted/b/deep/1.png', plain(2, 3, '#0f0').png().toBuffer());
    await put('sorted/a/9.png', plain(2, 3, '#00f').png().toBuffer());
    await put('sorted/Z/0.webp', plain(2, 3, '#fff').webp({ lossless: true }).toBuffer());
    await put('sorted/a/.DS_Store', new Uint8Array(3));
    const data = await open({ folder: 'sorted' });
    expect(data.labels).toEqual(['Z', 'a', 'b']);
    expect(data.size).toBe(4);
    expect(data.spec).toEqual({
      image: { dtype: 'float32', shape: [2, 3, 3] },
      label: { dtype: 'int32', shape: [] },
    });
    const labels = await Promise.all([0, 1, 2, 3].map(async (i) => (await data.example(i)).label?.data[0]));
    expect(labels).toEqual([0, 1, 2, 2]);
    expect((await bytesOf(data, 0)).slice(0, 3)).toEqual([255, 255, 255]);
    expect((await bytesOf(data, 1)).slice(0, 3)).toEqual([0, 0, 255]);
    expect((await bytesOf(data, 2)).slice(0, 3)).toEqual([255, 0, 0]);
    expect(data.preprocessing).toEqual({ layout: 'NHWC', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] });
    expect(data.skipped).toEqual([]);
  });

  it('takes the classes named, in that order', async () => {
    const data = await open({ folder: 'sorted', classes: ['b', 'Z'] });
    expect(data.labels).toEqual(['b', 'Z']);
    expect(data.size).toBe(3);
    const error = await failure({ folder: 'sorted', classes: ['b', 'c'] });
    expect(error.code).toBe('DATA_NOT_FOUND');
    expect(error.message).toContain('has no folder for class `c`');
    expect(error.records[0].allowed).toEqual(['Z', 'a', 'b']);
  });

  it('reads grey, 16-bit, transparent, CMYK, palette and turned images as eight-bit RGB', async () => {
    const grey = Uint8Array.of(0, 128, 255, 64);
    const raw = (channels: 1 | 2 | 4, values: Uint8Array) =>
      sharp(values, { raw: { width: 2, height: 2, channels } });
    await put('kinds/x/1-grey.png', raw(1, grey).toColourspace('b-w').png().toBuffer());
    await put(
      'kinds/x/2-sixteen.png',
      sharp(
        Uint16Array.from(grey, (value) => value * 257),
        {
          raw: { width: 2, height: 2, channels: 1 },
        },
      )
        .toColourspace('grey16')
        .png()
        .toBuffer(),
    );
    const clear = Uint8Array.of(200, 100, 50, 255, 200, 100, 50, 0, 200, 100, 50, 128, 0, 0, 0, 255);
    await put('kinds/x/3-alpha.png', raw(4, clear).png().toBuffer());
    await put(
      'kinds/x/4-cmyk.jpg',
      plain(2, 2, '#e03020').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
    );
    await put('kinds/x/5-palette.png', plain(2, 2, '#408020').png({ palette: true }).toBuffer());
    await put('kinds/x/6-grey.jpg', raw(1, grey).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer());
    const sixteen = await sharp(join(folder, 'kinds/x/2-sixteen.png')).metadata();
    expect(sixteen.depth).toBe('ushort');
    expect((await sharp(join(folder, 'kinds/x/4-cmyk.jpg')).metadata()).space).toBe('cmyk');

    const data = await open({ folder: 'kinds' });
    const triple = Array.from(grey).flatMap((value) => [value, value, value]);
    expect(await bytesOf(data, 0)).toEqual(triple);
    expect(await bytesOf(data, 1)).toEqual(triple);
    const colours = [200, 100, 50];
    expect(await bytesOf(data, 2)).toEqual([...colours, ...colours, ...colours, 0, 0, 0]);
    const [red = 0, green = 0, blue = 0] = await bytesOf(data, 3);
    expect(red).toBeGreaterThan(180);
    expect(green).toBeLessThan(100);
    expect(blue).toBeLessThan(100);
    expect((await bytesOf(data, 4)).slice(0, 3)).toEqual([64, 128, 32]);
    expect(await bytesOf(data, 5)).toHaveLength(12);
  });

  it('reads colour as grey when asked for one channel, 16-bit too', async () => {
    const data = await open({ folder: 'kinds', channels: 1, scale: 1, mean: 100, std: 2 });
    expect(data.spec.image?.shape).toEqual([2, 2, 1]);
    const want = Float32Array.of(-50, 14, 77.5, -18);
    expect((await data.example(0)).image?.data).toEqual(want);
    expect((await data.example(1)).image?.data).toEqual(want);
    expect((await data.example(4)).image?.data).toHaveLength(4);
  });

  it('turns images as their EXIF orientation says, in size and in pixels', async () => {
    // Red above blue, stored lying on its side.
    const lying = Uint8Array.of(255, 0, 0, 0, 0, 255);
    await put(
      'turned/x/a.png',
      sharp(lying, { raw: { width: 2, height: 1, channels: 3 } })
        .withMetadata({ orientation: 6 })
        .png()
        .toBuffer(),
    );
    const data = await open({ folder: 'turned' });
    expect(data.spec.image?.shape).toEqual([2, 1, 3]);
    expect(await bytesOf(data, 0)).toEqual([255, 0, 0, 0, 0, 255]);
  });

  it('resizes to the size given, and asks for one when images differ', async () => {
    await put('sizes/x/1.png', plain(8, 8, '#abc').png().toBuffer());
    await put('sizes/x/2.png', plain(4, 9, '#abc').png().toBuffer());
    const error = await failure({ folder: 'sizes' });
    expect(error.code).toBe('RECIPE_BAD_VALUE');
    expect(error.message).toMatch(/1\.png is 8 x 8 \(height x width\), .*2\.png is 4 x 9$/);
    expect(error.records[0].hint).toContain('size: [8, 8]');
    for (const fit of ['cover', 'fill'] as const) {
      const data = await open({ folder: 'sizes', size: [5, 6], fit });
      expect(data.spec.image?.shape).toEqual([5, 6, 3]);
      expect(new Set(await bytesOf(data, 1))).toEqual(new Set([0xaa, 0xbb, 0xcc]));
    }
    const contained = await open({ folder: 'sizes', size: [9, 9], fit: 'contain' });
    expect((await bytesOf(contained, 1)).slice(0, 3)).toEqual([0, 0, 0]);
  });

  describe('with damaged files', () => {
    let whole: Uint8Array;
    beforeAll(async () => {
      whole = await noisy(40).jpeg({ quality: 90 }).toBuffer();
      await put('damaged/x/0-good.jpg', whole);
      await put('damaged/x/1-empty.jpg', new Uint8Array(0));
      await put('damaged/x/2-text.jpg', new TextEncoder().encode('this is no image'));
      await put('damaged/x/3-cut.jpg', whole.subarray(0, Math.floor(whole.length / 2)));
      await put('damaged/x/4-header.jpg', whole.subarray(0, 100));
      const bits = Uint8Array.from(whole);
      bits.fill(0xff, whole.length - 400, whole.length - 300);
      await put('damaged/x/5-bits.jpg', bits);
      const png = await noisy(40).png().toBuffer();
      await put('damaged/x/6-cut.png', png.subarray(0, Math.floor(png.length / 2)));
      await symlink(join(folder, 'nowhere.jpg'), join(folder, 'damaged/x/7-link.jpg'));
      await put('damaged/y/8-good.jpg', whole);
    });

    it('leaves them out and counts them with onError: skip', async () => {
      for (const cache of ['none', 'memory']) {
        const services = testServices(folder);
        const data = await open({ folder: 'damaged', onError: 'skip', cache }, services);
        expect(data.size).toBe(2);
        expect(data.labels).toEqual(['x', 'y']);
        expect((await data.batch?.([0, 1]))?.tensors.label?.data).toEqual(Int32Array.of(0, 1));
        const reasons = data.skipped?.map(
          ({ path, reason }) => `${path.split(/[\\/]/).at(-1) ?? ''} ${reason}`,
        );
        expect(reasons).toEqual([
          expect.stringMatching(/^1-empty\.jpg is empty \(0 bytes\)$/),
          '2-text.jpg is not an image: supported are JPEG, PNG, WebP, AVIF, TIFF, GIF',
          '3-cut.jpg is cut short: its end marker is absent',
          expect.stringMatching(/^4-header\.jpg is damaged: .*(premature end|corrupt header)/),
          expect.stringMatching(/^5-bits\.jpg is damaged: /),
          '6-cut.png is cut short in its chunk IDAT',
          expect.stringMatching(/^7-link\.jpg cannot be read: ENOENT/),
        ]);
        // The run tells of what is in `skipped`.
        expect(services.events).toEqual([]);
      }
    });

    it('names those that are cut short at once, though their headers are whole', async () => {
      const error = await failure({ folder: 'damaged' });
      expect(error.code).toBe('DATA_DAMAGED');
      expect(error.message).toContain(`${join(folder, 'damaged/x/1-empty.jpg')} is empty (0 bytes)`);
      expect(error.message).toContain(`${join(folder, 'damaged/x/2-text.jpg')} is not an image`);
      expect(error.message).toContain(`${join(folder, 'damaged/x/3-cut.jpg')} is cut short`);
      expect(error.records[0].hint).toContain('onError: skip');
    });

    it('names a damaged middle when it is used, or before the run with verify: full', async () => {
      await put('body/x/0.jpg', whole);
      const bits = Uint8Array.from(whole);
      bits.fill(0xff, whole.length - 400, whole.length - 300);
      const damaged = await put('body/x/1.jpg', bits);
      const data = await open({ folder: 'body' });
      expect(data.size).toBe(2);
      const read = async () => {
        for await (const batch of batches(data, { size: 2, random: randomStream(1), name: 'train' })) {
          expect(batch.size).toBe(2);
        }
      };
      const error = await read().catch((caught: unknown) => caught as PotstillError);
      expect(error).toMatchObject({ code: 'DATA_DAMAGED' });
      expect(error?.message).toContain(`train: example 1: ${damaged} is damaged: `);
      expect(error?.records[0].hint).toContain('without --resume');
      for (const options of [{ verify: 'full' }, { cache: 'memory' }])
        expect((await failure({ folder: 'body', ...options })).message).toContain(`${damaged} is damaged: `);
    });

    it('says that there is nothing when all are damaged, or no folder', async () => {
      await put('nothing/x/1.jpg', new Uint8Array(0));
      const error = await failure({ folder: 'nothing', onError: 'skip' });
      expect(error.code).toBe('DATA_EMPTY');
      expect(error.message).toContain('has no image that can be read (1 files, 1 of them unusable)');
      expect((await failure({ folder: 'absent' })).code).toBe('DATA_NOT_FOUND');
      await put('flat/1.png', plain(1, 1, '#000').png().toBuffer());
      expect((await failure({ folder: 'flat' })).message).toContain('has no folders in it');
    });
  });

  it('says that a file has changed since it was looked at', async () => {
    const path = await put('changing/x/1.png', plain(3, 3, '#123').png().toBuffer());
    const data = await open({ folder: 'changing' });
    await put('changing/x/1.png', plain(4, 4, '#123').png().toBuffer());
    await expect(data.example(0)).rejects.toThrow(`${path} has changed since the run began`);
    await put('changing/x/1.png', plain(3, 3, '#124').png().toBuffer());
    await expect(data.batch?.([0])).rejects.toThrow(`${path} has changed since the run began`);
    await truncate(path, 0);
    await expect(data.example(0)).rejects.toThrow(`${path} is empty (0 bytes)`);
  });

  it('gives the same with and without the cache, one by one and in a batch, under one fingerprint', async () => {
    const options = { folder: 'sorted', mean: [0.1, 0.2, 0.3], std: [1, 2, 3] };
    const plainly = await open(options);
    const cached = await open({ ...options, cache: 'memory' });
    expect(cached.fingerprint).toBe(plainly.fingerprint);
    const order = [3, 0, 2, 1, 0];
    const batch = await plainly.batch?.(order);
    expect(await cached.batch?.(order)).toEqual(batch);
    const rows = await Promise.all(order.map((index) => plainly.example(index)));
    expect(Array.from(batch?.tensors.image?.data ?? [])).toEqual(
      rows.flatMap((row) => Array.from(row.image?.data ?? [])),
    );
  });

  it('has a fingerprint that follows content, classes and form', async () => {
    const before = await open({ folder: 'changing2', size: [2, 2] }).catch(() => undefined);
    expect(before).toBeUndefined();
    await put('changing2/x/1.png', plain(3, 3, '#123').png().toBuffer());
    const options = { folder: 'changing2', size: [2, 2] };
    const prints = new Set<string>();
    prints.add((await open(options)).fingerprint);
    prints.add((await open({ ...options, channels: 1 })).fingerprint);
    prints.add((await open({ ...options, size: [2, 3] })).fingerprint);
    prints.add((await open({ ...options, mean: 1 })).fingerprint);
    await put('changing2/x/1.png', plain(3, 3, '#124').png().toBuffer());
    prints.add((await open(options)).fingerprint);
    await put('changing2/y/1.png', plain(3, 3, '#124').png().toBuffer());
    prints.add((await open(options)).fingerprint);
    expect(prints.size).toBe(6);
  });
});

// vision/image-folder: what files of many kinds become, by the numbers that Pillow and torchvision give.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PotstillError, type IndexedDataset } from 'potstill';
import { make, testServices } from './services.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-vision-formats-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, content: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

const open = (options: object) =>
  make('dataset', 'vision/image-folder', options, testServices(folder), {}) as Promise<IndexedDataset>;

async function failure(options: object): Promise<PotstillError> {
  const error = await open(options).catch((caught: unknown) => caught);
  if (!(error instanceof PotstillError)) throw new Error(`expected a PotstillError, got ${String(error)}`);
  return error;
}

async function bytesOf(data: IndexedDataset, index = 0): Promise<number[]> {
  return Array.from((await data.example(index)).image?.data ?? [], (value) => Math.round(value * 255));
}

const pixels = (channels: 1 | 3 | 4, ...values: number[]) =>
  sharp(Uint8Array.from(values), { raw: { width: values.length / channels, height: 1, channels } });

/** A file of 16 bits a channel, one row of grey. */
const deep = (...values: number[]) =>
  sharp(Uint16Array.from(values), { raw: { width: values.length, height: 1, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();

/** One row of 32-bit floating-point grey as TIFF: width, height, bits, black is 0, where, rows, bytes, IEEE numbers. */
function floatTiff(values: readonly number[]): Uint8Array {
  const tags = [
    [256, values.length],
    [257, 1],
    [258, 32],
    [259, 1],
    [262, 1],
    [273, 8],
    [277, 1],
    [278, 1],
    [279, 4 * values.length],
    [339, 3],
  ] as const;
  const directory = 8 + 4 * values.length;
  const view = new DataView(new ArrayBuffer(directory + 2 + 12 * tags.length + 4));
  [0x49, 0x49, 42, 0].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint32(4, directory, true);
  values.forEach((value, i) => view.setFloat32(8 + 4 * i, value, true));
  view.setUint16(directory, tags.length, true);
  tags.forEach(([tag, value], i) => {
    const at = directory + 2 + 12 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, 4, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** The first scan of a JPEG. */
const scanOf = (bytes: Uint8Array) => Buffer.from(bytes).indexOf('\xff\xda', 'latin1');

describe('images of vision/image-folder', () => {
  it('are grey by ITU-R 601 as in Pillow: red 76, green 150, blue 29', async () => {
    // PIL.Image.new('RGB', (1, 1), colour).convert('L').
    const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 12, 200, 77, 90, 90, 90];
    await put(
      'grey/x/1.png',
      await pixels(3, ...colours)
        .png()
        .toBuffer(),
    );
    expect(await bytesOf(await open({ folder: 'grey', channels: 1 }))).toEqual([76, 150, 29, 255, 130, 90]);
  });

  it('lose their transparency as in Pillow, or are laid on a colour', async () => {
    const values = [200, 100, 50, 255, 200, 100, 50, 0, 200, 100, 50, 0, 0, 0, 0, 255];
    await put(
      'alpha/x/1.png',
      await pixels(4, ...values)
        .png()
        .toBuffer(),
    );
    const opaque = [200, 100, 50, 200, 100, 50, 200, 100, 50, 0, 0, 0];
    expect(await bytesOf(await open({ folder: 'alpha' }))).toEqual(opaque);
    expect(await bytesOf(await open({ folder: 'alpha', alpha: '#ffffff' }))).toEqual([
      200, 100, 50, 255, 255, 255, 255, 255, 255, 0, 0, 0,
    ]);
    expect((await bytesOf(await open({ folder: 'alpha', alpha: '#0000ff' }))).slice(3, 6)).toEqual([
      0, 0, 255,
    ]);
    const prints = await Promise.all(
      ['drop', '#ffffff'].map(async (alpha) => (await open({ folder: 'alpha', alpha })).fingerprint),
    );
    expect(prints[0]).not.toBe(prints[1]);
    await expect(open({ folder: 'alpha', alpha: 'white' })).rejects.toThrow('a colour is written #rrggbb');
  });

  it('lose it before they are resized, so that hidden colours count fully', async () => {
    // Weighed by alpha, the mean of the two pixels would be the first one.
    await put('halves/x/1.png', await pixels(4, 200, 0, 0, 255, 0, 0, 100, 0).png().toBuffer());
    const [red = 0, green = 0, blue = 0] = await bytesOf(
      await open({ folder: 'halves', size: [1, 1], fit: 'fill' }),
    );
    expect(Math.abs(red - 100)).toBeLessThanOrEqual(2);
    expect(green).toBe(0);
    expect(Math.abs(blue - 50)).toBeLessThanOrEqual(2);
  });

  it('are read where a phone wrote unusual scan parameters, and stay checked otherwise', async () => {
    const side = 24;
    const noise = Uint8Array.from(
      { length: side * side * 3 },
      (_, i) => (Math.imul(i + 1, 2654435761) >>> 24) & 255,
    );
    const plain = await sharp(noise, { raw: { width: side, height: side, channels: 3 } })
      .jpeg()
      .toBuffer();
    const phone = Uint8Array.from(plain);
    const scan = scanOf(phone);
    const end = scan + 2 + 256 * (phone[scan + 2] ?? 0) + (phone[scan + 3] ?? 0);
    phone.set([0, 0, 0], end - 3);
    await put('phone/x/1.jpg', plain);
    await put('phone/x/2.jpg', phone);
    const data = await open({ folder: 'phone' });
    expect(await bytesOf(data, 1)).toEqual(await bytesOf(data, 0));

    const damaged = Uint8Array.from(phone);
    damaged.fill(0xff, damaged.length - 300, damaged.length - 200);
    await put('phone-damaged/x/1.jpg', damaged);
    expect((await failure({ folder: 'phone-damaged', verify: 'full' })).message).toContain('is damaged: ');
  });

  it.each([
    [
      'rgb.bmp',
      Buffer.from('BM6\x03\0\0', 'latin1'),
      'cannot be read: BMP images are not supported; supported are JPEG',
    ],
    ['rgb.ppm', Buffer.from('P6\n1 1\n255\n...'), 'PBM, PGM and PPM images are not supported'],
    [
      'pic.svg',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'),
      'SVG drawings are not',
    ],
    ['pic.heic', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0', 'latin1'), 'HEIC images are not supported'],
    ['pointer.jpg', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'run `git lfs pull`'],
    ['page.jpg', Buffer.from('<!DOCTYPE html><title>403</title>'), 'is a web page and not an image'],
    ['notes.txt', Buffer.from('labels'), 'is not an image: supported are JPEG, PNG, WebP, AVIF, TIFF, GIF'],
  ])('are named where they cannot be read: %s', async (name, content, words) => {
    const path = await put(`other-${name}/x/${name}`, content);
    const error = await failure({ folder: `other-${name}` });
    expect(error.code).toBe('DATA_UNSUPPORTED');
    expect(error.message).toContain(`${path} `);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('damaged');
  });

  it('of 16 bits are scaled by their range, and one of 12 bits asks for it', async () => {
    await put('deep/x/1.png', await deep(0, 257, 32896, 65535));
    expect(await bytesOf(await open({ folder: 'deep', channels: 1 }))).toEqual([0, 1, 128, 255]);

    const path = await put('twelve/x/1.png', await deep(0, 16, 1638, 4080, 4095));
    const error = await failure({ folder: 'twelve' });
    expect(error.code).toBe('RECIPE_BAD_VALUE');
    expect(error.message).toContain(
      `${path} and other images have 16 bits a channel and no value above 4095`,
    );
    expect(error.records[0].hint).toContain('`range: [0, 4095]`');
    const ranged = await open({ folder: 'twelve', channels: 1, range: [0, 4095] });
    expect(await bytesOf(ranged)).toEqual([0, 1, 102, 254, 255]);
    expect(await bytesOf(await open({ folder: 'twelve', channels: 1, range: [0, 65535] }))).toEqual([
      0, 0, 6, 16, 16,
    ]);
    expect((await failure({ folder: 'twelve', cache: 'memory' })).code).toBe('RECIPE_BAD_VALUE');
  });

  it('of floating-point numbers are refused', async () => {
    const tiff = floatTiff([0, 0.25, 0.5, 1]);
    expect((await sharp(tiff).metadata()).depth).toBe('float');
    await put('float/x/1.tif', tiff);
    const error = await failure({ folder: 'float' });
    expect(error.code).toBe('DATA_UNSUPPORTED');
    expect(error.message).toContain('holds numbers of type float; only images of 8 or 16 bits');
  });

  it('of too many pixels are refused by their header, and read with a higher limit', async () => {
    await put(
      'large/x/1.png',
      await sharp({ create: { width: 40, height: 30, channels: 3, background: '#123' } })
        .png()
        .toBuffer(),
    );
    const error = await failure({ folder: 'large', maxPixels: 1199 });
    expect(error.code).toBe('DATA_UNSUPPORTED');
    expect(error.message).toContain('has 30 x 40 pixels, more than `maxPixels: 1199` allows');
    expect((await open({ folder: 'large', maxPixels: 1200 })).size).toBe(1);
    // The header alone says 16,000 x 16,000: nothing is unpacked.
    const png = Buffer.from(
      await sharp({ create: { width: 1, height: 1, channels: 3, background: '#123' } })
        .png()
        .toBuffer(),
    );
    png.writeUInt32BE(16000, 16);
    png.writeUInt32BE(16000, 20);
    await put('huge/x/1.png', png);
    expect((await failure({ folder: 'huge' })).message).toContain('has 16000 x 16000 pixels');
  });
});

// What a file is by its first bytes, and whether an image file is whole: all that can be told without decoding.
import * as zlib from 'node:zlib';

/** Formats that are read, by sharp's names. */
export const supportedFormats: Readonly<Record<string, string>> = {
  jpeg: 'JPEG',
  png: 'PNG',
  webp: 'WebP',
  heif: 'AVIF',
  tiff: 'TIFF',
  gif: 'GIF',
};

export const supportedText = `supported are ${Object.values(supportedFormats).join(', ')}`;

/** Beginnings of files that are often met among images and cannot be read: offset, bytes as Latin-1, name. */
const others: readonly (readonly [number, string, string])[] = [
  [0, 'BM', 'BMP images are'],
  ...['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7'].flatMap((magic) =>
    ['\n', ' ', '\r', '\t'].map((space) => [0, magic + space, 'PBM, PGM and PPM images are'] as const),
  ),
  [0, '8BPS', 'Photoshop files are'],
  [0, '\x00\x00\x01\x00', 'ICO images are'],
  [0, '\xff\x0a', 'JPEG XL images are'],
  [4, 'JXL ', 'JPEG XL images are'],
  [0, '\xff\x4f\xff\x51', 'JPEG 2000 images are'],
  [4, 'jP  ', 'JPEG 2000 images are'],
  ...['heic', 'heix', 'hevc'].map((brand) => [4, `ftyp${brand}`, 'HEIC images are'] as const),
  [0, '%PDF', 'PDF files are'],
  [0, 'PK\x03\x04', 'zip files are'],
  [0, '\x1f\x8b', 'gzip files are'],
];

/** Why a file that is no readable image is none; undefined where its first bytes tell nothing. */
export function unsupportedReason(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  if (start.startsWith('version https://git-lfs'))
    return 'is a Git LFS pointer and not the image itself: run `git lfs pull`';
  if (/^\s*(<!doctype html|<html)/i.test(start))
    return 'is a web page and not an image: the download may have been refused';
  const name = /^\s*(<\?xml[^>]*>\s*)?<svg/.test(start)
    ? 'SVG drawings are'
    : others.find(([at, magic]) => start.startsWith(magic, at))?.[2];
  return name && `cannot be read: ${name} not supported; ${supportedText}`;
}

/** How a file is cut short or damaged, as far as its structure shows; undefined where nothing is wrong. */
export function structuralDamage(bytes: Uint8Array, format: string): string | undefined {
  if (format === 'jpeg') return jpegDamage(bytes);
  if (format === 'png') return pngDamage(bytes);
  if (format === 'webp' && viewOf(bytes).getUint32(4, true) + 8 > bytes.length) return 'is cut short';
  return undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The offset of the first scan of a JPEG (its marker FF DA), behind all headers and their previews, -1 where there is
 * none; and whether the image is sequential (not progressive).
 */
function firstScan(bytes: Uint8Array): { readonly offset: number; readonly sequential: boolean } {
  const view = viewOf(bytes);
  let sequential = false;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1] as number;
    if (marker === 0xda) return { offset: at, sequential };
    if (marker === 0xc0 || marker === 0xc1) sequential = true;
    // Fill bytes, and markers without a length.
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else at += 2 + view.getUint16(at + 2);
  }
  return { offset: -1, sequential };
}

function jpegDamage(bytes: Uint8Array): string | undefined {
  const { offset } = firstScan(bytes);
  if (offset < 0) return 'is cut short before its pixels';
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf('\xff\xd9', 'latin1');
  return end < offset ? 'is cut short: its end marker is absent' : undefined;
}

/** What sequential JPEG prescribes at the end of a scan's header: spectral selection 0 to 63, no approximation. */
const scanParameters = [0, 63, 0];

/**
 * A JPEG with the scan parameters that are prescribed: some phones write others there, which most decoders ignore and
 * libvips in strict mode refuses. A copy where anything is changed; other files as they are.
 */
export function withPrescribedScans(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return bytes;
  const { offset, sequential } = firstScan(bytes);
  const endOf = (scan: number): number => scan + 2 + 256 * (bytes[scan + 2] ?? 0) + (bytes[scan + 3] ?? 0);
  const end = endOf(offset);
  if (offset < 0 || !sequential || scanParameters.every((value, i) => bytes[end - 3 + i] === value))
    return bytes;
  const copy = Uint8Array.from(bytes);
  // Within entropy-coded data FF is followed by 00 or a restart marker, so that FF DA is a scan.
  for (let at = offset; at + 4 <= copy.length; at++) {
    if (copy[at] !== 0xff || copy[at + 1] !== 0xda || endOf(at) > copy.length) continue;
    copy.set(scanParameters, endOf(at) - 3);
    at = endOf(at) - 1;
  }
  return copy;
}

/** Lengths and checksums of the chunks without which there are no pixels. */
function pngDamage(bytes: Uint8Array): string | undefined {
  const view = viewOf(bytes);
  for (let at = 8; at < bytes.length;) {
    if (at + 12 > bytes.length) return 'is cut short';
    const end = at + 8 + view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    if (end + 4 > bytes.length) return `is cut short in its chunk ${type}`;
    const critical = /^[A-Z]/.test(type);
    if (critical && crc32 && crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end))
      return `is damaged: the checksum of its chunk ${type} is wrong`;
    if (type === 'IEND') return undefined;
    at = end + 4;
  }
  return undefined;
}

/** Node has it from 20.15 and 22.2 on; before, damage shows when the image is decoded. */
const crc32 = (zlib as { readonly crc32?: (data: Uint8Array) => number }).crc32;

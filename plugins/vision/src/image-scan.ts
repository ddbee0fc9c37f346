// A look at every image file before anything runs: what cannot be used, what the content is, how large the images are.
import { createHash } from 'node:crypto';
import { fingerprint } from 'potstill';
import {
  decodeImage,
  ImageProblem,
  readHeader,
  readImageFile,
  type ImageForm,
  type ImageHeader,
} from './decode.js';
import type { ImageFile } from './image-files.js';

export interface ScannedImage extends ImageFile {
  /** Height and width as examples have them. */
  readonly size: readonly [number, number];
  readonly header: ImageHeader;
  /** sha256 of the file. */
  readonly digest: string;
  /** Decoded bytes, when they are kept. */
  readonly bytes?: Uint8Array;
}

/** A file that cannot be used. */
export interface Problem extends ImageFile {
  readonly reason: string;
  readonly kind: ImageProblem['kind'];
}

export interface Scan {
  readonly images: readonly ScannedImage[];
  readonly problems: readonly Problem[];
  /** Over the files' bytes and classes, in order; names do not matter. */
  readonly content: string;
}

export interface ScanOptions extends ImageForm {
  /** Decode each image, not only its header. */
  readonly decode: boolean;
  /** Keep what was decoded. */
  readonly keep: boolean;
}

/** Files in flight at a time: enough for libuv's four threads, few enough for memory. */
const window = 16;

/** Reads every file once. Order of the result is the order of `files`. */
export async function scanImages(files: readonly ImageFile[], options: ScanOptions): Promise<Scan> {
  const images: ScannedImage[] = [];
  const problems: Problem[] = [];
  for (let start = 0; start < files.length; start += window) {
    const looked = await Promise.all(files.slice(start, start + window).map((file) => look(file, options)));
    for (const found of looked) {
      if ('reason' in found) problems.push(found);
      else images.push(found);
    }
  }
  return {
    images,
    problems,
    content: fingerprint(
      images.map((image) => image.digest),
      images.map((image) => image.label),
    ),
  };
}

/** sha256 of a file's content. */
export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

async function look(file: ImageFile, options: ScanOptions): Promise<ScannedImage | Problem> {
  try {
    const content = await readImageFile(file.path);
    const digest = digestOf(content);
    const header = await readHeader(content, options);
    if (!options.decode) return { ...file, digest, header, size: options.size ?? header.size };
    const { height, width, bytes } = await decodeImage(content, header, options);
    return { ...file, digest, header, size: [height, width], ...(options.keep ? { bytes } : {}) };
  } catch (error) {
    if (error instanceof ImageProblem) return { ...file, reason: error.message, kind: error.kind };
    throw error;
  }
}

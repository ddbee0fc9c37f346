// A look at every image file before anything runs: what is damaged, what the content is, how large the images are.
import { createHash } from 'node:crypto';
import { fingerprint } from 'potstill';
import { decodeImage, imageSize, ImageProblem, readImageFile, type ImageForm } from './decode.js';
import type { ImageFile } from './image-files.js';

export interface ScannedImage extends ImageFile {
  /** Height and width as examples have them. */
  readonly size: readonly [number, number];
  /** sha256 of the file. */
  readonly digest: string;
  /** Decoded bytes, when they are kept. */
  readonly bytes?: Uint8Array;
}

export interface Scan {
  readonly images: readonly ScannedImage[];
  readonly problems: readonly { readonly path: string; readonly reason: string }[];
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
  const problems: { path: string; reason: string }[] = [];
  for (let start = 0; start < files.length; start += window) {
    const looked = await Promise.all(files.slice(start, start + window).map((file) => look(file, options)));
    for (const { image, problem } of looked) {
      if (image) images.push(image);
      else problems.push(problem);
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

type Look =
  | { readonly image: ScannedImage; readonly problem?: undefined }
  | { readonly image?: undefined; readonly problem: { path: string; reason: string } };

/** sha256 of a file's content. */
export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

async function look(file: ImageFile, options: ScanOptions): Promise<Look> {
  try {
    const content = await readImageFile(file.path);
    const digest = digestOf(content);
    const ownSize = await imageSize(content);
    if (!options.decode) return { image: { ...file, digest, size: options.size ?? ownSize } };
    const { height, width, bytes } = await decodeImage(content, options);
    return { image: { ...file, digest, size: [height, width], ...(options.keep ? { bytes } : {}) } };
  } catch (error) {
    if (error instanceof ImageProblem) return { problem: { path: file.path, reason: error.message } };
    throw error;
  }
}

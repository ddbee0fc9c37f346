// Image files to raw bytes of a fixed form, through sharp.
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

export interface ImageForm {
  readonly channels: 1 | 3;
  /** Height and width to resize to. Without it the image keeps its own. */
  readonly size?: readonly [number, number] | undefined;
  /** How another aspect ratio is made to fit. `cover`: cut; `contain`: black borders; `fill`: stretched. */
  readonly fit: 'cover' | 'contain' | 'fill';
}

export interface DecodedImage {
  readonly height: number;
  readonly width: number;
  /** height x width x channels bytes. */
  readonly bytes: Uint8Array;
}

/** Why an image cannot be used; `reason` goes behind its path. */
export class ImageProblem extends Error {}

/** Content of a file. Throws ImageProblem when it cannot be read or is empty. */
export async function readImageFile(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new ImageProblem(`cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  if (bytes.length === 0) throw new ImageProblem('is empty (0 bytes)');
  return bytes;
}

/** Height and width as they will be after the EXIF orientation, from the header alone. Throws ImageProblem. */
export async function imageSize(bytes: Uint8Array): Promise<readonly [number, number]> {
  try {
    const { autoOrient } = await sharp(bytes).metadata();
    return [autoOrient.height, autoOrient.width];
  } catch (error) {
    throw new ImageProblem(`is no image that can be read: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Decodes to 8 bits a channel, in sRGB or grey: EXIF orientation applied, CMYK and 16 bits converted, transparency laid on
 * black, the first frame of an animation. A file that decodes with a warning (cut short, bits damaged) is a problem.
 */
export async function decodeImage(bytes: Uint8Array, form: ImageForm): Promise<DecodedImage> {
  try {
    let image = sharp(bytes, { failOn: 'warning' }).autoOrient();
    if (form.size) {
      const [height, width] = form.size;
      image = image.resize({ height, width, fit: form.fit, background: '#000' });
    }
    const { data, info } = await image
      .flatten({ background: '#000' })
      .toColourspace(form.channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== form.channels) {
      throw new ImageProblem(`decodes to ${info.channels} channels, expected ${form.channels}`);
    }
    return { height: info.height, width: info.width, bytes: data };
  } catch (error) {
    if (error instanceof ImageProblem) throw error;
    throw new ImageProblem(`is damaged: ${reasonOf(error)}`, { cause: error });
  }
}

/** The first line of an error: libvips adds lines about its own inside. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0] ?? message;
}

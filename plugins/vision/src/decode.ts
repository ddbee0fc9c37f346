// Image files to raw bytes of a fixed form, through sharp. Colours are as Pillow and torchvision give them.
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import {
  structuralDamage,
  supportedFormats,
  supportedText,
  unsupportedReason,
  withPrescribedScans,
} from './image-format.js';

export interface ImageForm {
  /** 3: red, green, blue. 1: grey, (299 R + 587 G + 114 B) / 1000 (ITU-R 601). */
  readonly channels: 1 | 3;
  /** Height and width to resize to. Without it the image keeps its own. */
  readonly size?: readonly [number, number] | undefined;
  /** How another aspect ratio is made to fit. `cover`: cut; `contain`: black borders; `fill`: stretched. */
  readonly fit: 'cover' | 'contain' | 'fill';
  /** `drop`: transparency is ignored, and colours under it show. Else the colour that it is laid on, `#rrggbb`. */
  readonly alpha: string;
  /** Raw values of 16-bit images that become 0 and 255. Default: 0 and 65535. */
  readonly range?: readonly [number, number] | undefined;
  /** Images of more pixels are refused. */
  readonly maxPixels: number;
}

export interface ImageHeader {
  /** Height and width after the EXIF orientation. */
  readonly size: readonly [number, number];
  /** 16 bits a channel. */
  readonly deep: boolean;
  readonly alpha: boolean;
  readonly cmyk: boolean;
}

export interface DecodedImage {
  readonly height: number;
  readonly width: number;
  /** height x width x channels bytes. */
  readonly bytes: Uint8Array;
}

/** Why an image cannot be used; `message` goes behind its path. */
export class ImageProblem extends Error {
  constructor(
    message: string,
    /** `unsupported`: not damaged, but of a kind that is not read. */
    readonly kind: 'damaged' | 'unsupported' = 'damaged',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Content of a file. Throws ImageProblem when it cannot be read or is empty. */
export async function readImageFile(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new ImageProblem(`cannot be read: ${reasonOf(error)}`, 'damaged', { cause: error });
  }
  if (bytes.length === 0) throw new ImageProblem('is empty (0 bytes)');
  return bytes;
}

/**
 * What the header says; nothing is decoded. The file's structure is looked at too, which shows JPEG, PNG and WebP files
 * that were cut short.
 * @throws ImageProblem where the file is no image that can be read, is cut short, or has too many pixels.
 */
export async function readHeader(bytes: Uint8Array, { maxPixels }: ImageForm): Promise<ImageHeader> {
  const unsupported = unsupportedReason(bytes);
  if (unsupported !== undefined) throw new ImageProblem(unsupported, 'unsupported');
  const { format, depth, space, hasAlpha, autoOrient } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      const reason = reasonOf(error);
      throw reason.includes('unsupported image format')
        ? new ImageProblem(`is not an image: ${supportedText}`, 'unsupported', { cause: error })
        : new ImageProblem(`is damaged: ${reason}`, 'damaged', { cause: error });
    });
  if (!(format in supportedFormats))
    throw new ImageProblem(`cannot be read: ${format} is not supported; ${supportedText}`, 'unsupported');
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new ImageProblem(
      `holds numbers of type ${depth}; only images of 8 or 16 bits a channel can be read`,
      'unsupported',
    );
  const { height, width } = autoOrient;
  if (height * width > maxPixels)
    throw new ImageProblem(
      `has ${height} x ${width} pixels, more than \`maxPixels: ${maxPixels}\` allows`,
      'unsupported',
    );
  const damage = structuralDamage(bytes, format);
  if (damage !== undefined) throw new ImageProblem(damage);
  return { size: [height, width], deep: depth === 'ushort', alpha: hasAlpha, cmyk: space === 'cmyk' };
}

/**
 * Decodes to 8 bits a channel, in sRGB or grey. EXIF orientation is applied, the first frame of an animation is taken.
 * A file that decodes with a warning (cut short, bits damaged) is an ImageProblem.
 */
export async function decodeImage(
  bytes: Uint8Array,
  header: ImageHeader,
  form: ImageForm,
): Promise<DecodedImage> {
  try {
    return await decode(withPrescribedScans(bytes), header, form);
  } catch (error) {
    if (error instanceof ImageProblem) throw error;
    throw new ImageProblem(`is damaged: ${reasonOf(error)}`, 'damaged', { cause: error });
  }
}

async function decode(bytes: Uint8Array, header: ImageHeader, form: ImageForm): Promise<DecodedImage> {
  const { data, height, width } = await rgbPixels(bytes, header, form);
  const rgb = data instanceof Uint8Array ? data : toBytes(data, form.range ?? [0, 65535]);
  return { height, width, bytes: form.channels === 3 ? rgb : grey(rgb) };
}

interface RgbPixels {
  readonly data: Uint8Array | Uint16Array;
  readonly height: number;
  readonly width: number;
}

/** Red, green and blue of each pixel, oriented and resized; 16 bits a channel where the file has them. */
export async function rgbPixels(
  bytes: Uint8Array,
  { deep, alpha, cmyk }: ImageHeader,
  { size, fit, alpha: policy }: Pick<ImageForm, 'size' | 'fit' | 'alpha'>,
): Promise<RgbPixels> {
  const resize = (image: Sharp): Sharp =>
    size ? image.resize({ height: size[0], width: size[1], fit, background: '#000' }) : image;
  // Colour profiles are ignored, as by the readers that teachers were trained with; without one CMYK has no meaning.
  const whole = sharp(bytes, {
    failOn: 'warning',
    limitInputPixels: false,
    ignoreIcc: !cmyk,
  }).autoOrient();
  if (policy !== 'drop') return raw(resize(whole.flatten({ background: policy })), deep);
  if (!alpha || !size) return raw(resize(whole).removeAlpha(), deep);
  // Resizing weighs colours by their alpha, so that it must be gone before.
  const opaque = await raw(whole.removeAlpha(), deep);
  const { data, width, height } = opaque;
  return raw(resize(sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })), deep);
}

async function raw(image: Sharp, deep: boolean): Promise<RgbPixels> {
  const { data, info } = await image
    .toColourspace(deep ? 'rgb16' : 'srgb')
    .raw({ depth: deep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { channels, height, width } = info;
  if (channels !== 3) throw new ImageProblem(`decodes to ${channels} channels, expected 3`);
  if (!deep) return { data, height, width };
  // A copy, because 16-bit views must begin at an even address.
  const copy = Uint8Array.from(data);
  return { data: new Uint16Array(copy.buffer), height, width };
}

function toBytes(values: Uint16Array, [low, high]: readonly [number, number]): Uint8Array {
  const scale = 255 / (high - low);
  // Uint8ClampedArray rounds and clamps.
  return new Uint8Array(Uint8ClampedArray.from(values, (value) => (value - low) * scale).buffer);
}

/** ITU-R 601 luma in the integers of Pillow: pure red is 76. */
function grey(rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length / 3);
  for (let i = 0, at = 0; i < out.length; i++, at += 3) {
    const sum =
      19595 * (rgb[at] as number) + 38470 * (rgb[at + 1] as number) + 7471 * (rgb[at + 2] as number);
    out[i] = (sum + 0x8000) >>> 16;
  }
  return out;
}

/** The first line of an error: libvips adds lines about its own inside, and of other images decoded at the time. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.trim().split('\n')[0] ?? message).replace(/:$/, '');
}

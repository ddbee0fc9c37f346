// A picture back from an example's tensor: preprocessing undone, PNG as a data URI.
import { encode } from 'fast-png';
import type { HostTensor, Preprocessing, TensorSpec } from '../contracts/index.js';

/** Longer sides are thinned to at most this many pixels: a report is read, not archived. */
const longest = 128;

type Layout = 'NHWC' | 'NCHW';

/** How a tensor is read as a picture. */
export interface PictureForm {
  readonly layout: Layout;
  /** The axes of flat pixels, in the order of `layout`; otherwise those of the tensor hold. */
  readonly unfolded?: readonly number[];
}

/**
 * How a spec holds a picture of 1, 3 or 4 channels; undefined when it holds none. Flat pixels are read as a square
 * picture where their number is a square.
 */
export function pictureForm(
  spec: TensorSpec | undefined,
  preprocessing?: Preprocessing,
): PictureForm | undefined {
  if (spec === undefined) return undefined;
  if (preprocessing?.layout === 'flat' && spec.shape.length === 1) {
    const channels = preprocessing.mean.length;
    const side = Math.sqrt((spec.shape[0] ?? 0) / channels);
    return Number.isInteger(side) && side > 1 && isColour(channels)
      ? { layout: 'NHWC', unfolded: [side, side, channels] }
      : undefined;
  }
  if (spec.shape.length !== 3 || preprocessing?.layout === 'flat') return undefined;
  const layout = preprocessing?.layout ?? 'NHWC';
  const channels = spec.shape[layout === 'NHWC' ? 2 : 0];
  return isColour(channels) ? { layout } : undefined;
}

function isColour(channels: number | null | undefined): boolean {
  return channels === 1 || channels === 3 || channels === 4;
}

/** The function from a stored value to 0..255 for one channel. */
function undo(preprocessing: Preprocessing | undefined, data: HostTensor['data'], channel: number) {
  if (preprocessing === undefined) {
    // Nothing is known: the picture's own range is stretched over black to white.
    let low = Infinity;
    let high = -Infinity;
    for (const value of data) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return (value: number) => (high > low ? (255 * (value - low)) / (high - low) : 0);
  }
  const { scale, mean, std } = preprocessing;
  const shift = mean[channel] ?? mean[0] ?? 0;
  const spread = std[channel] ?? std[0] ?? 1;
  return (value: number) => (value * spread + shift) / scale;
}

/**
 * One example [height, width, channels] or [channels, height, width] as `data:image/png;base64,...`. Values are turned
 * back into bytes by the inverse of `preprocessing` and clamped to 0..255.
 */
export function pictureUri(tensor: HostTensor, layout: Layout, preprocessing?: Preprocessing): string {
  const [a = 0, b = 0, c = 0] = tensor.shape;
  const [height, width, channels] = layout === 'NHWC' ? [a, b, c] : [b, c, a];
  const stride = Math.max(1, Math.ceil(Math.max(height, width) / longest));
  const rows = Math.ceil(height / stride);
  const columns = Math.ceil(width / stride);
  const pixels = new Uint8ClampedArray(rows * columns * channels);
  for (let channel = 0; channel < channels; channel++) {
    const byte = undo(preprocessing, tensor.data, channel);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const y = row * stride;
        const x = column * stride;
        const at =
          layout === 'NHWC' ? (y * width + x) * channels + channel : (channel * height + y) * width + x;
        pixels[(row * columns + column) * channels + channel] = byte(tensor.data[at] as number);
      }
  }
  const png = encode({ width: columns, height: rows, channels, depth: 8, data: pixels });
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}

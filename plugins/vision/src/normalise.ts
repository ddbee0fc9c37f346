// From raw pixel values to input numbers.
import { PotstillError, type DataDescription, type Preprocessing } from 'potstill';

export interface Normalise {
  readonly scale: number;
  readonly mean: number | readonly number[];
  readonly std: number | readonly number[];
}

/** What is given; else what the training data has, if it has as many channels; else 1/255, 0 and 1. */
export function normalisedLike(
  train: DataDescription | undefined,
  given: { readonly [K in keyof Normalise]?: Normalise[K] | undefined },
  channels: number,
): Normalise {
  const theirs = train?.preprocessing;
  const known = theirs && [1, channels].includes(theirs.mean.length) ? theirs : undefined;
  return {
    scale: given.scale ?? known?.scale ?? 1 / 255,
    mean: given.mean ?? known?.mean ?? 0,
    std: given.std ?? known?.std ?? 1,
  };
}

/**
 * The preprocessing of images with that many channels; single numbers are spread over the channels.
 * @throws PotstillError RECIPE_BAD_VALUE where mean or std has another number of channels.
 */
export function preprocessingOf(
  normalise: Normalise,
  layout: Preprocessing['layout'],
  channels: number,
): Preprocessing {
  const spread = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === 'number' ? [value] : value;
    if (list.length !== 1 && list.length !== channels) {
      throw new PotstillError({
        code: 'RECIPE_BAD_VALUE',
        message: `\`${name}\` has ${list.length} values, the images have ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
        hint: `Give one number, or ${channels}.`,
      });
    }
    return Array.from({ length: channels }, (_, channel) => list[channel] ?? (list[0] as number));
  };
  return {
    layout,
    scale: normalise.scale,
    mean: spread('mean', normalise.mean),
    std: spread('std', normalise.std),
  };
}

/** The input number of a raw value in a channel. */
export function inputValue(raw: number, preprocessing: Preprocessing, channel: number): number {
  const { scale, mean, std } = preprocessing;
  return (raw * scale - (mean[channel] ?? mean[0] ?? 0)) / (std[channel] ?? std[0] ?? 1);
}

/**
 * A function that writes images of raw values, channels last, as input numbers. Bytes go through a table of 256
 * numbers a channel, which is as fast as a copy.
 */
export function pixelWriter(
  raw: RawPixels,
  preprocessing: Preprocessing,
): (from: number, count: number, out: Float32Array, to: number) => void {
  const channels = preprocessing.mean.length;
  if (!(raw instanceof Uint8Array)) {
    return (from, count, out, to) => {
      for (let i = 0; i < count; i++) {
        out[to + i] = inputValue(raw[from + i] as number, preprocessing, i % channels);
      }
    };
  }
  const tables = Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: 256 }, (_, value) => inputValue(value, preprocessing, channel)),
  );
  const [only] = tables;
  if (channels === 1 && only) {
    return (from, count, out, to) => {
      for (let i = 0; i < count; i++) out[to + i] = only[raw[from + i] as number] as number;
    };
  }
  return (from, count, out, to) => {
    for (let channel = 0; channel < channels; channel++) {
      const table = tables[channel] as Float32Array;
      for (let i = channel; i < count; i += channels) out[to + i] = table[raw[from + i] as number] as number;
    }
  };
}

/** Values as the file holds them. */
export type RawPixels = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

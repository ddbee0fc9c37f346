// Converts the data's preprocessing to the one that a teacher was trained with.
import type { DataDescription } from '../contracts/index.js';
import { teacherInvalid } from './invalid.js';
import type { Form } from './form.js';

/** The preprocessing that a teacher expects: (raw * scale - mean) / std. */
export interface WantedNumbers {
  readonly scale?: number | undefined;
  readonly mean?: number | readonly number[] | undefined;
  readonly std?: number | readonly number[] | undefined;
}

/** value * factor + offset, per channel. */
export interface Affine {
  readonly factor: Float64Array;
  readonly offset: Float64Array;
}

/**
 * Undoes the data's preprocessing and applies the teacher's. Returns undefined where the values do not change, as when
 * the teacher expects nothing in particular. If only some settings are given, scale defaults to the data's, mean to 0 and
 * std to 1. Data without declared preprocessing counts as raw.
 * @throws PotstillError TEACHER_INVALID where mean or std has neither one number nor one per channel.
 */
export function affineOf(
  wanted: WantedNumbers,
  preprocessing: DataDescription['preprocessing'],
  { channels }: Form,
): Affine | undefined {
  if (wanted.scale === undefined && wanted.mean === undefined && wanted.std === undefined) return undefined;
  const data = preprocessing ?? { scale: 1, mean: [0], std: [1] };
  const spread = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === 'number' ? [value] : value;
    if (list.length === 1 || list.length === channels)
      return Array.from({ length: channels }, (_, channel) => list[channel] ?? (list[0] as number));
    throw teacherInvalid(
      `the teacher's \`input.${name}\` has ${list.length} numbers, the data has ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
      `give one number, or ${channels}`,
    );
  };
  const scale = wanted.scale ?? data.scale;
  const [mean, std] = [spread('mean', wanted.mean ?? 0), spread('std', wanted.std ?? 1)];
  const factor = new Float64Array(channels);
  const offset = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const perRaw = scale / data.scale / (std[c] as number);
    factor[c] = perRaw * (data.std[c] ?? data.std[0] ?? 1);
    offset[c] = perRaw * (data.mean[c] ?? data.mean[0] ?? 0) - (mean[c] as number) / (std[c] as number);
  }
  // The same preprocessing on both sides must leave every bit as it is.
  const changes =
    factor.some((value) => Math.abs(value - 1) > 1e-12) || offset.some((value) => Math.abs(value) > 1e-12);
  return changes ? { factor, offset } : undefined;
}

/** Applies it to whole examples; `pixels` is height x width for images with channels first, else undefined. */
export function applyAffine(
  data: ArrayLike<number>,
  { factor, offset }: Affine,
  pixels: number | undefined,
): Float32Array {
  const channels = factor.length;
  const run = pixels ?? 1;
  const out = new Float32Array(data.length);
  for (let i = 0, channel = 0; i < out.length; channel = (channel + 1) % channels) {
    const by = factor[channel] as number;
    const plus = offset[channel] as number;
    for (const end = i + run; i < end; i++) out[i] = (data[i] as number) * by + plus;
  }
  return out;
}

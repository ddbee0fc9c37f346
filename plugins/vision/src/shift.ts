// Moves and mirrors images: the inner loops of the transforms.
import type { DataDescription } from 'potstill';
import { inputValue } from './normalise.js';
import type { Planes } from './planes.js';

/** The input number of a raw fill value, for each channel. */
export function fillValues(data: DataDescription, fill: number, channels: number): Float32Array {
  const preprocessing = data.preprocessing ?? { layout: 'NHWC', scale: 1, mean: [0], std: [1] };
  return Float32Array.from({ length: channels }, (_, channel) => inputValue(fill, preprocessing, channel));
}

/**
 * A copy of an image moved down by `down` and right by `right` pixels (negative: up, left). Pixels that enter are
 * `fill`, one number a channel.
 */
export function shiftPlanes(
  source: Float32Array,
  at: Planes,
  down: number,
  right: number,
  fill: Float32Array,
): Float32Array {
  const { planes, height, width, pixel } = at;
  const out = new Float32Array(source.length);
  const row = width * pixel;
  const plane = height * row;
  if (fill.some((value) => value !== 0)) {
    if (planes === 1) for (let i = 0; i < out.length; i++) out[i] = fill[i % pixel] as number;
    else for (let p = 0; p < planes; p++) out.fill(fill[p] as number, p * plane, (p + 1) * plane);
  }
  const firstRow = Math.max(0, down);
  const lastRow = Math.min(height, height + down);
  const firstColumn = Math.max(0, right) * pixel;
  const lastColumn = Math.min(width, width + right) * pixel;
  const offset = down * row + right * pixel;
  for (let p = 0; p < planes; p++) {
    for (let y = firstRow; y < lastRow; y++) {
      const start = p * plane + y * row;
      // A plain loop: rows of images are short, and `set` of a subarray costs more than it saves.
      for (let i = start + firstColumn; i < start + lastColumn; i++) out[i] = source[i - offset] as number;
    }
  }
  return out;
}

/** A copy of an image with left and right exchanged. */
export function mirrorPlanes(source: Float32Array, at: Planes): Float32Array {
  const { width, pixel } = at;
  const row = width * pixel;
  const out = new Float32Array(source.length);
  for (let start = 0; start < source.length; start += row) {
    for (let x = 0; x < width; x++) {
      const from = start + (width - 1 - x) * pixel;
      for (let c = 0; c < pixel; c++) out[start + x * pixel + c] = source[from + c] as number;
    }
  }
  return out;
}

// Initial weights, drawn by the run's own random streams: same seed, same bytes.
import type { RandomStream } from '@potstill/engine';

/** Fills a variable of that shape, row-major. */
export type Initializer = (shape: readonly number[], random: RandomStream) => Float32Array;

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

export function constant(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

export const zeros = constant(0);
export const ones = constant(1);

/** Uniform on [low, high). */
export function uniform(low: number, high: number): Initializer {
  return (shape, random) => random.uniform(sizeOf(shape)).map((x) => low + x * (high - low));
}

export function normal(mean: number, deviation: number): Initializer {
  return (shape, random) => random.normal(sizeOf(shape)).map((x) => mean + x * deviation);
}

/** Normal without its tails: what lies beyond two deviations is drawn again, so the result's deviation is 0.88 of the given one. */
export function truncatedNormal(mean: number, deviation: number): Initializer {
  return (shape, random) => {
    const out = random.normal(sizeOf(shape));
    let beyond = indicesBeyond(out, 2);
    for (let round = 0; beyond.length > 0; round++) {
      const again = random.at(round).normal(beyond.length);
      beyond.forEach((index, i) => (out[index] = again[i] as number));
      beyond = beyond.filter((index) => Math.abs(out[index] as number) > 2);
    }
    return out.map((x) => mean + x * deviation);
  };
}

function indicesBeyond(values: Float32Array, limit: number): number[] {
  const found: number[] = [];
  values.forEach((value, i) => {
    if (Math.abs(value) > limit) found.push(i);
  });
  return found;
}

/**
 * Inputs and outputs of one unit, by Keras's convention: the last two axes are [in, out], those before are a window.
 * A vector counts as both.
 */
export function fans(shape: readonly number[]): { readonly in: number; readonly out: number } {
  if (shape.length < 2) return { in: sizeOf(shape), out: sizeOf(shape) };
  const window = sizeOf(shape.slice(0, -2));
  return { in: window * (shape.at(-2) as number), out: window * (shape.at(-1) as number) };
}

export interface VarianceScaling {
  readonly scale: number;
  readonly mode: 'in' | 'out' | 'average';
  readonly distribution: 'normal' | 'truncated-normal' | 'uniform';
}

/** Variance `scale / fan`: Glorot & Bengio 2010 (scale 1, average), He et al. 2015 (2, in), LeCun et al. 1998 (1, in). */
export function varianceScaling({ scale, mode, distribution }: VarianceScaling): Initializer {
  return (shape, random) => {
    const fan = fans(shape);
    const width = mode === 'in' ? fan.in : mode === 'out' ? fan.out : (fan.in + fan.out) / 2;
    const variance = scale / Math.max(1, width);
    const limit = Math.sqrt(3 * variance);
    const draw = {
      normal: () => normal(0, Math.sqrt(variance)),
      'truncated-normal': () => truncatedNormal(0, Math.sqrt(variance)),
      uniform: () => uniform(-limit, limit),
    }[distribution]();
    return draw(shape, random);
  };
}

/** Ones on the diagonal of a matrix, times `gain`. */
export function identity(gain: number): Initializer {
  return (shape) => {
    const [rows = 0, columns = 0] = shape;
    const out = new Float32Array(rows * columns);
    for (let i = 0; i < Math.min(rows, columns); i++) out[i * columns + i] = gain;
    return out;
  };
}

/** Rows or columns, whichever are fewer, orthonormal times `gain` (Saxe et al. 2014); leading axes count as one. */
export function orthogonal(gain: number): Initializer {
  return (shape, random) => {
    const columns = shape.at(-1) ?? 1;
    const rows = sizeOf(shape.slice(0, -1));
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
    const drawn = random.normal(count * length);
    const vectors = Array.from({ length: count }, (_, i) =>
      Float64Array.from(drawn.subarray(i * length, (i + 1) * length)),
    );
    // Modified Gram-Schmidt, twice, which is orthogonal to working precision.
    for (const [i, vector] of vectors.entries()) {
      for (let pass = 0; pass < 2; pass++)
        for (const earlier of vectors.slice(0, i)) addScaled(vector, earlier, -dot(vector, earlier));
      const norm = Math.sqrt(dot(vector, vector));
      for (let j = 0; j < length; j++) vector[j] = (vector[j] as number) / norm;
    }
    const out = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        out[r * columns + c] = gain * ((rows < columns ? vectors[r]?.[c] : vectors[c]?.[r]) as number);
    return out;
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function addScaled(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] as number) + (b[i] as number) * factor;
}

export const initializerNames = [
  'he-normal',
  'he-uniform',
  'glorot-normal',
  'glorot-uniform',
  'lecun-normal',
  'lecun-uniform',
] as const;

export type InitializerName = (typeof initializerNames)[number];

/** The initialisers that recipes name. The normal ones are not truncated. */
export const initializers = {
  'he-normal': varianceScaling({ scale: 2, mode: 'in', distribution: 'normal' }),
  'he-uniform': varianceScaling({ scale: 2, mode: 'in', distribution: 'uniform' }),
  'glorot-normal': varianceScaling({ scale: 1, mode: 'average', distribution: 'normal' }),
  'glorot-uniform': varianceScaling({ scale: 1, mode: 'average', distribution: 'uniform' }),
  'lecun-normal': varianceScaling({ scale: 1, mode: 'in', distribution: 'normal' }),
  'lecun-uniform': varianceScaling({ scale: 1, mode: 'in', distribution: 'uniform' }),
} satisfies Record<InitializerName, Initializer>;

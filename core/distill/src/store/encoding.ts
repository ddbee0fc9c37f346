// How an output's numbers are kept: exactly, in half the bytes, in a quarter, or only the largest of each distribution.
import type { DType, TensorSpec } from '../contracts/index.js';
import type { AnswerEncoding } from '../recipe/plan.js';
import { fromHalf, toHalf } from '../data/float16.js';

/**
 * - `float32`: exact.
 * - `float16`: rounded to half precision; beyond 65,504 it is infinite.
 * - `int8`: 256 even steps between the smallest and the largest value of an example.
 * - `{ top: k }`: along the last axis, the k largest logits and the log-sum-exp of the rest. Read back, the rest share
 *   their mass evenly, so that softmax at T = 1 keeps the k probabilities exactly.
 */
export type Encoding = AnswerEncoding;

/** As folders and messages call it: `float16`, `top-20`. */
export function encodingName(encoding: Encoding): string {
  return typeof encoding === 'string' ? encoding : `top-${encoding.top}`;
}

/** Numbers as Arrow keeps them; `float16` as bit patterns in a Uint16Array. */
export interface StoredArrays {
  float32: Float32Array;
  float16: Uint16Array;
  int32: Int32Array;
  uint16: Uint16Array;
  uint8: Uint8Array;
}

export type StoredType = keyof StoredArrays;
export type StoredArray = StoredArrays[StoredType];

/** One column of a shard. */
export interface StoredColumn {
  /** Column name below the output's: `logits`, `logits.range`. */
  readonly suffix: string;
  readonly type: StoredType;
  /** Elements of an example whose output has `count` elements. */
  readonly width: (count: number) => number;
}

/** Turns an example's output into the columns' rows and back. `rows` are in the order of `columns`. */
export interface Codec {
  readonly columns: readonly StoredColumn[];
  /** Whether the first column holds the numbers as they are. */
  readonly exact: boolean;
  readonly encode: (values: ArrayLike<number>, rows: readonly StoredArray[]) => void;
  readonly decode: (rows: readonly StoredArray[], values: Float32Array | Int32Array | Uint8Array) => void;
}

const all = (count: number): number => count;

const exact = (type: StoredType): Codec => ({
  columns: [{ suffix: '', type, width: all }],
  exact: true,
  encode: (values, [row]) => row?.set(values),
  decode: ([row], values) => {
    if (row) values.set(row);
  },
});

const half: Codec = {
  columns: [{ suffix: '', type: 'float16', width: all }],
  exact: false,
  encode(values, [row]) {
    for (let i = 0; row && i < values.length; i++) row[i] = toHalf(values[i] as number);
  },
  decode([row], values) {
    for (let i = 0; row && i < values.length; i++) values[i] = fromHalf(row[i] as number);
  },
};

const steps: Codec = {
  columns: [
    { suffix: '', type: 'uint8', width: all },
    { suffix: '.range', type: 'float32', width: () => 2 },
  ],
  exact: false,
  encode(values, [row, range]) {
    let least = Infinity;
    let most = -Infinity;
    for (let i = values.length - 1; i >= 0; i--) {
      least = Math.min(least, values[i] as number);
      most = Math.max(most, values[i] as number);
    }
    // What is kept of the range decides the steps, so that both directions use the same numbers.
    const first = Math.fround(least);
    const step = Math.fround((most - first) / 255);
    range?.set([first, step]);
    for (let i = 0; row && i < values.length; i++)
      row[i] = step > 0 ? Math.min(255, Math.round(((values[i] as number) - first) / step)) : 0;
  },
  decode([row, range], values) {
    const [least = 0, step = 0] = range ?? [];
    for (let i = 0; row && i < values.length; i++) values[i] = least + step * (row[i] as number);
  },
};

/** Along an axis of `classes`, the `top` largest; equal logits in the order of classes, so that one output gives one row of bytes. */
function largest(top: number, classes: number): Codec {
  const vectors = (count: number): number => count / classes;
  const order = new Int32Array(top);
  const taken = new Uint8Array(classes);
  return {
    columns: [
      { suffix: '.classes', type: numberType(classes), width: (count) => vectors(count) * top },
      { suffix: '', type: 'float32', width: (count) => vectors(count) * top },
      { suffix: '.rest', type: 'float32', width: vectors },
    ],
    exact: false,
    encode(values, [indices, kept, rest]) {
      for (let v = 0; v < vectors(values.length); v++) {
        const at = (c: number) => values[v * classes + c] as number;
        let count = 0;
        for (let c = 0; c < classes; c++) {
          const value = at(c);
          if (count === top && !(value > at(order[top - 1] as number))) continue;
          if (count < top) count++;
          let place = count - 1;
          for (; place > 0 && value > at(order[place - 1] as number); place--)
            order[place] = order[place - 1] as number;
          order[place] = c;
        }
        taken.fill(0);
        for (let k = 0; k < top; k++) {
          const c = order[k] as number;
          taken[c] = 1;
          if (indices) indices[v * top + k] = c;
          if (kept) kept[v * top + k] = at(c);
        }
        let peak = -Infinity;
        for (let c = 0; c < classes; c++) if (!taken[c]) peak = Math.max(peak, at(c));
        let sum = 0;
        for (let c = 0; c < classes; c++) if (!taken[c]) sum += Math.exp(at(c) - peak);
        if (rest) rest[v] = peak + Math.log(sum);
      }
    },
    decode([indices, kept, rest], values) {
      for (let v = 0; v < vectors(values.length); v++) {
        const share = ((rest?.[v] as number) ?? 0) - Math.log(classes - top);
        values.fill(share, v * classes, (v + 1) * classes);
        for (let k = 0; k < top; k++)
          values[v * classes + (indices?.[v * top + k] as number)] = kept?.[v * top + k] as number;
      }
    },
  };
}

/** The smallest type that numbers below `count` fit in. */
function numberType(count: number): StoredType {
  if (count <= 256) return 'uint8';
  return count <= 65_536 ? 'uint16' : 'int32';
}

const integers: Readonly<Record<Exclude<DType, 'float32'>, Codec>> = {
  int32: exact('int32'),
  bool: exact('uint8'),
};

/**
 * The codec of an output. Integers and truth values are kept as they are, whatever the encoding. A top that is not
 * smaller than the last axis keeps everything, as `float32` does.
 */
export function codecOf({ dtype, shape }: TensorSpec, encoding: Encoding): Codec {
  if (dtype !== 'float32') return integers[dtype];
  if (encoding === 'float32') return exact('float32');
  if (encoding === 'float16') return half;
  if (encoding === 'int8') return steps;
  const classes = shape.at(-1);
  return classes === undefined || classes === null || encoding.top >= classes
    ? exact('float32')
    : largest(encoding.top, classes);
}

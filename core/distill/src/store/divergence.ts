// What an encoding costs: KL divergence between the distribution that was given and the one that is read back.
import type { EncodingCost, HostTensor } from '../contracts/index.js';
import type { Codec, StoredArray } from './encoding.js';

/** Adds up over the first examples that are kept. */
export class CostMeter {
  private total: EncodingCost | undefined;
  private examples = 0;

  /** @param classes elements of a distribution; null where examples differ. @param most examples to look at. */
  constructor(
    private readonly codec: Codec,
    private readonly classes: number | null,
    private readonly most: number,
  ) {}

  /** Of what was added so far; undefined when nothing was. */
  get cost(): EncodingCost | undefined {
    return this.total;
  }

  /** One example as it was given and as it is stored. */
  add(given: HostTensor, stored: readonly StoredArray[]): void {
    if (this.examples >= this.most) return;
    this.examples++;
    const kept = new Float32Array(given.data.length);
    this.codec.decode(stored, kept);
    const now = encodingCost(given.data, kept, this.classes ?? given.shape.at(-1) ?? 1);
    const before = this.total ?? { mean: 0, largest: 0, count: 0 };
    const count = before.count + now.count;
    this.total = {
      mean: count > 0 ? (before.mean * before.count + now.mean * now.count) / count : 0,
      largest: Math.max(before.largest, now.largest),
      count,
    };
  }
}

/** Over the vectors of `classes` elements in both arrays, as logits. Zero for vectors of one element. */
function encodingCost(given: ArrayLike<number>, kept: ArrayLike<number>, classes: number): EncodingCost {
  const count = classes > 0 ? given.length / classes : 0;
  let sum = 0;
  let largest = 0;
  for (let v = 0; v < count; v++) {
    const p = logSoftmax(given, v * classes, classes);
    const q = logSoftmax(kept, v * classes, classes);
    let divergence = 0;
    for (let c = 0; c < classes; c++) {
      const log = p[c] as number;
      if (log > -Infinity) divergence += Math.exp(log) * (log - (q[c] as number));
    }
    // Rounding may leave a tiny negative number.
    divergence = Math.max(0, divergence);
    sum += divergence;
    largest = Math.max(largest, divergence);
  }
  return { mean: count > 0 ? sum / count : 0, largest, count };
}

function logSoftmax(values: ArrayLike<number>, start: number, length: number): Float64Array {
  let peak = -Infinity;
  for (let c = 0; c < length; c++) peak = Math.max(peak, values[start + c] as number);
  let sum = 0;
  for (let c = 0; c < length; c++) sum += Math.exp((values[start + c] as number) - peak);
  const norm = peak + Math.log(sum);
  return Float64Array.from({ length }, (_, c) => (values[start + c] as number) - norm);
}

// What an encoding costs: KL divergence between the distribution that was given and the one that is read back.

export interface EncodingError {
  /** Mean over distributions of KL(given || kept) at T = 1, nats. */
  readonly mean: number;
  /** The largest. */
  readonly largest: number;
  /** Distributions looked at. */
  readonly count: number;
}

/** Over the vectors of `classes` elements in both arrays, as logits. Zero for vectors of one element. */
export function encodingError(
  given: ArrayLike<number>,
  kept: ArrayLike<number>,
  classes: number,
): EncodingError {
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

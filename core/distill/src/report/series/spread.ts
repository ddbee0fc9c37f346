// Mean and spread of a figure over seeds.

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation (divided by n - 1); null for a single value. */
  readonly deviation: number | null;
  readonly count: number;
}

/** Of the finite values; undefined when there is none. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread | undefined {
  const known = values.filter((value): value is number => Number.isFinite(value));
  if (known.length === 0) return undefined;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = known.length === 1 ? null : Math.sqrt(squares / (known.length - 1));
  return { mean, deviation, count: known.length };
}

// Could a difference between two models on the same examples be chance? McNemar's test, exact.
import type { Predictions } from '../evaluate/evaluate-model.js';

export interface Discordance {
  /** Examples that the first has right and the second wrong. */
  readonly onlyFirst: number;
  /** The opposite. */
  readonly onlySecond: number;
  readonly bothWrong: number;
  /** Two-sided probability of so uneven a split if both were equally good; 1 when they never differ. */
  readonly p: number;
}

/** log(n!) by Stirling's series from 10 on (error below 1e-10), exact before. */
function logFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (
    (x - 0.5) * Math.log(x) -
    x +
    0.5 * Math.log(2 * Math.PI) +
    1 / (12 * x) -
    1 / (360 * x ** 3) +
    1 / (1260 * x ** 5)
  );
}

/**
 * The exact two-sided sign test on discordant pairs (McNemar 1947 in its binomial form): 2 P(X <= min) for
 * X ~ Binomial(a + b, 1/2), at most 1.
 */
export function mcnemar(a: number, b: number): number {
  const n = a + b;
  if (n === 0) return 1;
  let sum = 0;
  for (let k = Math.min(a, b); k >= 0; k--) {
    const term = Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) - n * Math.LN2);
    sum += term;
    // Terms shrink towards k = 0: what follows cannot change the sum any more.
    if (term < sum * 1e-17) break;
  }
  return Math.min(1, 2 * sum);
}

/** Compares two models' answers to the same examples. Undefined when they did not see the same, in the same
 * order, or when the truth was not kept. */
export function discordance(first: Predictions, second: Predictions): Discordance | undefined {
  const n = first.predicted.length;
  const truths = first.truth ?? second.truth;
  if (second.predicted.length !== n || truths === undefined) return undefined;
  let onlyFirst = 0;
  let onlySecond = 0;
  let bothWrong = 0;
  for (let i = 0; i < n; i++) {
    if (first.indices[i] !== second.indices[i]) return undefined;
    const truth = truths[i] as number;
    if (truth < 0) continue;
    const firstRight = first.predicted[i] === truth;
    const secondRight = second.predicted[i] === truth;
    if (firstRight && !secondRight) onlyFirst++;
    else if (secondRight && !firstRight) onlySecond++;
    else if (!firstRight) bothWrong++;
  }
  return { onlyFirst, onlySecond, bothWrong, p: mcnemar(onlyFirst, onlySecond) };
}

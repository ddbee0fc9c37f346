// Could a difference between two models on the same examples be chance? McNemar's exact test, and Holm's correction.
import type { Predictions } from '../evaluate/evaluate-model.js';

/** A difference with a smaller p is called more than chance. */
export const significance = 0.05;

export interface Discordance {
  /** Examples with a known target. */
  readonly count: number;
  /** Examples that the first model gets right and the second wrong. */
  readonly onlyFirst: number;
  /** Examples that the second model gets right and the first wrong. */
  readonly onlySecond: number;
  readonly bothWrong: number;
  /** Two-sided probability of a split at least this uneven if both models were equally good; 1 if they never differ. */
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
 * McNemar's test in its exact form, a two-sided sign test on the discordant pairs: 2 P(X <= min(a, b)) for
 * X ~ Binomial(a + b, 1/2), at most 1. The exact form rather than mid-p or chi-squared: it never calls a chance
 * difference real more often than its p says. Relative error below 1e-8.
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

/**
 * Holm's step-down correction (1979): p values of a family of tests, adjusted so that comparing each with 0.05 gives a
 * false positive anywhere in the family with probability at most 0.05. In the order given.
 */
export function holm(family: readonly number[]): number[] {
  const order = family.map((_, at) => at).sort((a, b) => (family[a] as number) - (family[b] as number));
  const adjusted = new Array<number>(family.length);
  let largest = 0;
  order.forEach((at, rank) => {
    largest = Math.max(largest, Math.min(1, (family[at] as number) * (family.length - rank)));
    adjusted[at] = largest;
  });
  return adjusted;
}

/** Whether two models answered the same examples in the same order. */
export function sameExamples(first: Predictions, second: Predictions): boolean {
  return (
    first.indices.length === second.indices.length &&
    first.indices.every((index, at) => index === second.indices[at])
  );
}

/**
 * Compares two models' answers to the same examples; those without a known target are left out. Undefined when the models saw different examples or no targets were kept.
 */
export function discordance(first: Predictions, second: Predictions): Discordance | undefined {
  const targets = first.truth ?? second.truth;
  if (targets === undefined || !sameExamples(first, second)) return undefined;
  let count = 0;
  let onlyFirst = 0;
  let onlySecond = 0;
  let bothWrong = 0;
  targets.forEach((target, at) => {
    if (target < 0) return;
    count++;
    const firstRight = first.predicted[at] === target;
    const secondRight = second.predicted[at] === target;
    if (firstRight && !secondRight) onlyFirst++;
    else if (secondRight && !firstRight) onlySecond++;
    else if (!firstRight) bothWrong++;
  });
  return { count, onlyFirst, onlySecond, bothWrong, p: mcnemar(onlyFirst, onlySecond) };
}

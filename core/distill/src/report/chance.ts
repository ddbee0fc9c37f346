// Could a difference between two models on the same examples be chance? Paired tests, and Holm's correction.
import { randomStream } from '@potstill/engine';
import type { ComparedModel, Evaluation, PairedComparison } from '../contracts/index.js';
import { count } from './format.js';

/** A difference with a smaller p is called more than chance. */
export const significance = 0.05;

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

/** Whether two models were measured on the same examples in the same order. */
export function sameExamples(first: Evaluation, second: Evaluation): boolean {
  return (
    first.indices.length === second.indices.length &&
    first.indices.every((index, at) => index === second.indices[at])
  );
}

/** Up to so many differences all sign patterns are gone through; up to so many a sample of them. */
const exactUpTo = 16;
const sampledUpTo = 500;
const draws = 10_000;

/** Probability that a standard normal deviates from 0 by at least `z`; error below 1.5e-7 (Abramowitz and Stegun 7.1.26). */
function normalTails(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.min(1, series * Math.exp(-x * x));
}

/**
 * Fisher's sign-flip test of paired differences (The Design of Experiments, 1935, section 21): how often their sum is as
 * far from 0 when each sign is random. Exact up to 16 differences that are not 0, 10,000 seeded draws up to 500, the
 * normal approximation beyond. 1 where there is no difference. Beside infinite differences finite ones do not count.
 */
export function signFlip(differences: readonly number[]): number {
  const infinite = differences.filter((value) => Math.abs(value) === Infinity);
  if (infinite.length > 0) return signFlip(infinite.map(Math.sign));
  const kept = differences.filter((value) => value !== 0);
  const sum = Math.abs(kept.reduce((total, value) => total + value, 0));
  if (kept.length === 0) return 1;
  if (kept.length > sampledUpTo) {
    const squares = kept.reduce((total, value) => total + value * value, 0);
    return normalTails(sum / Math.sqrt(squares));
  }
  // Rounding must not make the observed sum the only one of its kind.
  const rounding = 1e-12 * kept.reduce((total, value) => total + Math.abs(value), 0);
  const reached = (total: number) => Math.abs(total) >= sum - rounding;
  if (kept.length <= exactUpTo) {
    let hits = 0;
    for (let signs = 0; signs < 2 ** kept.length; signs++)
      if (reached(kept.reduce((total, value, i) => total + ((signs >> i) & 1 ? -value : value), 0))) hits++;
    return hits / 2 ** kept.length;
  }
  const random = randomStream(1).child('sign-flip');
  let hits = 1;
  for (let draw = 0; draw < draws; draw++) {
    const signs = random.child(String(draw)).uniform(kept.length);
    if (reached(kept.reduce((total, value, i) => total + ((signs[i] as number) < 0.5 ? -value : value), 0)))
      hits++;
  }
  return hits / (draws + 1);
}

/** The paired test of two models by {@link signFlip}: for numbers of any kind. */
export function compareMeans(first: ComparedModel, second: ComparedModel): PairedComparison {
  const differences = Array.from(first.values, (value, at) => value - (second.values[at] as number)).filter(
    (difference) => !Number.isNaN(difference),
  );
  const higher = differences.filter((difference) => difference > 0).length;
  const lower = differences.filter((difference) => difference < 0).length;
  return {
    p: signFlip(differences),
    test: 'sign-flip test',
    words: `Of ${count(differences.length)} examples, ${count(higher)} have a higher number with ${first.name} and ${count(lower)} with ${second.name} (sign-flip test of the mean difference).`,
  };
}

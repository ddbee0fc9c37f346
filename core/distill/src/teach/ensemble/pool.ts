// How the scores of several members become one: linear and logarithmic opinion pools, and choices among the members.
import { logSumExp, type Scores } from './scores.js';

export const pools = ['arithmetic', 'geometric', 'logits', 'confidence', 'vote'] as const;
export type Pool = (typeof pools)[number];

/** Weight of member k for class c. */
export type WeightOf = (member: number, at: number) => number;

/** Probabilities below it count as it: the logarithm of 0 teaches nothing. */
const floor = 1e-12;

/**
 * Scores of the ensemble for one example. Every class is known to at least one member. A member that does not know all
 * classes counts, for those it knows, with the probability that members who know all give them together; the weights of
 * the others are shared out among those that know a class.
 */
export function pooled(pool: Pool, members: readonly Scores[], weight: WeightOf): Float64Array {
  const classes = members[0]?.logs.length ?? 0;
  const spread = masses(members, weight, classes);
  const mean = (value: (scores: Scores, at: number) => number): Float64Array =>
    Float64Array.from({ length: classes }, (_, at) => {
      let sum = 0;
      let all = 0;
      members.forEach((scores, k) => {
        if (Number.isNaN(scores.logs[at])) return;
        const w = weight(k, at);
        if (w === 0) return;
        sum += w * value(scores, at);
        all += w;
      });
      return all === 0 ? NaN : sum / all;
    });
  switch (pool) {
    case 'arithmetic':
      return normalised(
        mean((scores, at) => Math.exp(scores.logs[at] as number) * (spread.get(scores) ?? 1)).map((p) =>
          Math.log(Math.max(p, floor)),
        ),
      );
    case 'geometric':
      return normalised(
        mean((scores, at) =>
          Math.max((scores.logs[at] as number) + Math.log(spread.get(scores) ?? 1), Math.log(floor)),
        ),
      );
    case 'logits':
      return withFloor(mean((scores, at) => scores.logits[at] as number));
    case 'confidence': {
      // Weights compare members, too: half the weight, half as sure.
      const sure = members.map(({ logs }, k) => most(logs.map((log, at) => log + Math.log(weight(k, at)))));
      const best = members[sure.indexOf(Math.max(...sure))];
      return withFloor(Float64Array.from(best?.logs ?? []));
    }
    case 'vote': {
      const votes = new Float64Array(classes);
      members.forEach(({ logs }, k) => {
        const at = logs.indexOf(most(logs));
        votes[at] = (votes[at] ?? 0) + weight(k, at);
      });
      const all = votes.reduce((sum, vote) => sum + vote, 0);
      return votes.map((vote) => Math.log(Math.max(vote / all, floor)));
    }
  }
}

function most(values: Float64Array): number {
  return values.reduce((found, value) => (value > found ? value : found), -Infinity);
}

/** For members that lack classes: the probability of those they know, by the mean of the members that know all. */
function masses(members: readonly Scores[], weight: WeightOf, classes: number): ReadonlyMap<Scores, number> {
  const partial = members.filter(({ logs }) => logs.some(Number.isNaN));
  const found = new Map<Scores, number>();
  if (partial.length === 0 || partial.length === members.length) return found;
  const sums = new Float64Array(classes);
  members.forEach((scores, k) => {
    if (partial.includes(scores)) return;
    scores.logs.forEach((log, at) => (sums[at] = (sums[at] ?? 0) + weight(k, at) * Math.exp(log)));
  });
  const all = sums.reduce((sum, value) => sum + value, 0);
  for (const scores of partial) {
    const known = sums.reduce((sum, value, at) => (Number.isNaN(scores.logs[at]) ? sum : sum + value), 0);
    if (all > 0) found.set(scores, Math.max(known / all, floor));
  }
  return found;
}

function withFloor(logs: Float64Array): Float64Array {
  const norm = logSumExp(Array.from(logs).filter((value) => !Number.isNaN(value)));
  return logs.map((log) => (Number.isNaN(log) ? norm + Math.log(floor) : log));
}

function normalised(logs: Float64Array): Float64Array {
  const norm = logSumExp(Array.from(logs).filter((value) => !Number.isNaN(value)));
  return withFloor(logs.map((log) => log - norm));
}

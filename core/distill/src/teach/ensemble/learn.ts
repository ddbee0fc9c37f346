// Weights of an ensemble learnt on held-out data: those under which its pool gives the labels the highest probability.
import type { Scores } from './scores.js';

/** One labelled example: each member's scores, all classes known. */
export interface LabelledScores {
  readonly members: readonly Scores[];
  readonly label: number;
}

const rounds = 300;

/**
 * Sum to one. Of the linear pool by expectation maximisation, of the logarithmic ones by exponentiated gradients: each
 * is a concave problem, so that the start does not matter.
 */
export function learntWeights(
  pool: 'arithmetic' | 'geometric' | 'logits',
  examples: readonly LabelledScores[],
  members: number,
): number[] {
  let weights = new Array<number>(members).fill(1 / members);
  if (examples.length === 0) return weights;
  for (let round = 0; round < rounds; round++)
    weights =
      pool === 'arithmetic' ? expectation(examples, weights) : exponentiated(pool, examples, weights, round);
  return weights;
}

/** Each member's share of the probability of the labels. */
function expectation(examples: readonly LabelledScores[], weights: readonly number[]): number[] {
  const shares = weights.map(() => 0);
  for (const { members, label } of examples) {
    const parts = members.map(({ logs }, k) => (weights[k] as number) * Math.exp(logs[label] as number));
    const all = parts.reduce((sum, part) => sum + part, 0);
    if (all > 0) parts.forEach((part, k) => (shares[k] = (shares[k] as number) + part / all));
  }
  const sum = shares.reduce((all, share) => all + share, 0);
  return sum > 0 ? shares.map((share) => share / sum) : [...weights];
}

/** d(log probability of the label)/d(weight k) = score k of the label - its mean under the pool. */
function exponentiated(
  pool: 'geometric' | 'logits',
  examples: readonly LabelledScores[],
  weights: readonly number[],
  round: number,
): number[] {
  const slopes = weights.map(() => 0);
  // What is impossible for one member must not be infinitely bad: as in the pool itself.
  const least = pool === 'geometric' ? Math.log(1e-12) : -1e4;
  for (const { members, label } of examples) {
    const scores = members.map((each) => (pool === 'geometric' ? each.logs : each.logits));
    const classes = scores[0]?.length ?? 0;
    const mixed = Float64Array.from({ length: classes }, (_, at) =>
      scores.reduce(
        (sum, score, k) => sum + (weights[k] as number) * Math.max(score[at] as number, least),
        0,
      ),
    );
    const most = Math.max(...mixed);
    const exps = mixed.map((value) => Math.exp(value - most));
    const norm = exps.reduce((sum, value) => sum + value, 0);
    scores.forEach((score, k) => {
      const mean =
        exps.reduce((sum, value, at) => sum + value * Math.max(score[at] as number, least), 0) / norm;
      slopes[k] = (slopes[k] as number) + Math.max(score[label] as number, least) - mean;
    });
  }
  const step = 1 / Math.sqrt(1 + round / 10);
  const raised = weights.map(
    (weight, k) => weight * Math.exp((step * (slopes[k] as number)) / examples.length),
  );
  const sum = raised.reduce((all, weight) => all + weight, 0);
  return raised.map((weight) => weight / sum);
}

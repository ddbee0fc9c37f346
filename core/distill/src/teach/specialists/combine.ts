// What a generalist and some specialists say together (Hinton, Vinyals & Dean 2015, section 5.5, equation 5).

/** A specialist's answer about one example. */
export interface SpecialistAnswer {
  /** Its special classes, by their numbers. */
  readonly classes: readonly number[];
  /** Probabilities of these, in that order. */
  readonly special: readonly number[];
  /** Probability of its dustbin: of all other classes together. */
  readonly dustbin: number;
}

/** A step moves the probabilities by less than this in all: the minimum is reached. */
const tolerance = 1e-12;
const mostSteps = 10_000;

/** Probabilities below it count as it: the logarithm of 0 teaches nothing. */
const floor = 1e-12;

/**
 * The distribution q that minimises KL(generalist, q) + the sum over specialists of KL(specialist, q), in which q's
 * probabilities of a specialist's other classes are added up. The generalist's own where there are no specialists.
 *
 * With one specialist for each class at most, the minimum is known: q of a special class is the mean of both answers, and
 * the others share the rest as the generalist shares it. With overlapping specialists it is found by expectation
 * maximisation: q is the maximum-likelihood estimate from answers of which some are known up to a group of classes
 * (Dempster, Laird & Rubin 1977, section 4.2). The problem is convex in q, so that there is one minimum; each step
 * comes nearer to it without a learning rate.
 */
export function combined(
  generalist: ArrayLike<number>,
  specialists: readonly SpecialistAnswer[],
): Float64Array {
  const own = normalised(Float64Array.from(generalist, (p) => Math.max(p, floor)));
  if (specialists.length === 0) return own;
  const members = specialists.map(({ classes, special, dustbin }) => ({
    inside: new Set(classes),
    classes,
    special,
    dustbin,
  }));
  let q = own;
  for (let step = 0; step < mostSteps; step++) {
    const next = Float64Array.from(own);
    for (const { inside, classes, special, dustbin } of members) {
      classes.forEach((at, k) => (next[at] = (next[at] as number) + (special[k] as number)));
      let outside = 0;
      q.forEach((value, at) => (outside += inside.has(at) ? 0 : value));
      q.forEach((value, at) => {
        if (!inside.has(at)) next[at] = (next[at] as number) + (dustbin * value) / outside;
      });
    }
    normalised(next);
    const moved = next.reduce((sum, value, at) => sum + Math.abs(value - (q[at] as number)), 0);
    q = next;
    if (moved < tolerance) break;
  }
  return q;
}

/** Brought to sum 1, in place. */
function normalised(values: Float64Array): Float64Array {
  const sum = values.reduce((all, value) => all + value, 0);
  values.forEach((value, at) => (values[at] = value / sum));
  return values;
}

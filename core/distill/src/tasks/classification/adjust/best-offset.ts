// The offset of some classes' output bias that makes fewest errors on held-out data (Hinton et al. 2015, section 3).

export interface BiasOffset {
  /** To be added to the scores of the classes. 0 when nothing is better. */
  readonly offset: number;
  readonly errorsBefore: number;
  readonly errorsAfter: number;
}

/**
 * The best offset, exactly: an example goes to one of the classes once the offset is above its margin (best score
 * outside less best score inside), so errors change at margins only and one pass over their sorted list sees every
 * offset there is. Among equally good intervals the one nearest to 0 wins, within it the middle (1 beyond the
 * outermost margin).
 * `scores` is row-major [examples, classCount]; rows whose target is negative are left out.
 */
export function bestBiasOffset(
  scores: ArrayLike<number>,
  targets: ArrayLike<number>,
  classCount: number,
  classes: readonly number[],
): BiasOffset {
  const chosen = new Set(classes);
  // At each margin: how the number of errors changes when the offset passes it.
  const steps: { margin: number; change: number }[] = [];
  let errorsOutside = 0;
  let errorsBefore = 0;
  for (let row = 0; row < targets.length; row++) {
    const target = targets[row] as number;
    if (target < 0) continue;
    const inside = best(scores, row * classCount, classCount, (c) => chosen.has(c));
    const outside = best(scores, row * classCount, classCount, (c) => !chosen.has(c));
    const wrongOutside = outside.index === target ? 0 : 1;
    const wrongInside = inside.index === target ? 0 : 1;
    const margin = outside.value - inside.value;
    errorsOutside += wrongOutside;
    // Without offset a tie goes to the lower index, as it does in the accuracy metric.
    const goesInside = margin < 0 || (margin === 0 && inside.index < outside.index);
    errorsBefore += goesInside ? wrongInside : wrongOutside;
    steps.push({ margin, change: wrongInside - wrongOutside });
  }
  steps.sort((a, b) => a.margin - b.margin);

  let errors = errorsOutside;
  let found: BiasOffset = { offset: 0, errorsBefore, errorsAfter: errorsBefore };
  const consider = (from: number, to: number) => {
    if (!(from < to)) return;
    const offset = from < 0 && to > 0 ? 0 : middle(from, to);
    const better = errors < found.errorsAfter;
    const nearer = errors === found.errorsAfter && Math.abs(offset) < Math.abs(found.offset);
    if (better || nearer) found = { offset, errorsBefore, errorsAfter: errors };
  };
  consider(-Infinity, steps[0]?.margin ?? Infinity);
  steps.forEach(({ margin, change }, i) => {
    errors += change;
    consider(margin, steps[i + 1]?.margin ?? Infinity);
  });
  return found;
}

function middle(from: number, to: number): number {
  if (from === -Infinity) return to === Infinity ? 0 : to - 1;
  return to === Infinity ? from + 1 : (from + to) / 2;
}

function best(scores: ArrayLike<number>, start: number, count: number, among: (index: number) => boolean) {
  let index = -1;
  let value = -Infinity;
  for (let c = 0; c < count; c++) {
    const score = scores[start + c] as number;
    if (among(c) && (score > value || index < 0)) {
      index = c;
      value = score;
    }
  }
  return { index, value };
}

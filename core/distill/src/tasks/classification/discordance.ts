// Two classifiers' answers to the same examples, side by side.
import type { ComparedModel, PairedComparison, ShownModel } from '../../contracts/index.js';
import type { Predictions } from '../../evaluate/predictions.js';
import { compareMeans, mcnemar } from '../../report/chance.js';
import { count, plural } from '../../report/format.js';

export interface Discordance {
  /** Examples that the first model gets right and the second wrong. */
  readonly onlyFirst: number;
  /** Examples that the second model gets right and the first wrong. */
  readonly onlySecond: number;
  readonly bothWrong: number;
}

/** The answers that the metric `accuracy` kept. */
export function predictionsOf(shown: ShownModel | undefined): Predictions | undefined {
  return shown?.model.evaluation?.artefacts.predictions as Predictions | undefined;
}

/** Whether both answered the same examples in the same order. */
export function samePredictions(first: Predictions, second: Predictions): boolean {
  return (
    first.indices.length === second.indices.length &&
    first.indices.every((index, at) => index === second.indices[at])
  );
}

/** Undefined when the models saw different examples. Those without a known class are left out. */
export function discordance(first: Predictions, second: Predictions): Discordance | undefined {
  if (!samePredictions(first, second)) return undefined;
  let onlyFirst = 0;
  let onlySecond = 0;
  let bothWrong = 0;
  first.truth.forEach((truth, at) => {
    if (truth < 0) return;
    const firstRight = first.predicted[at] === truth;
    const secondRight = second.predicted[at] === truth;
    if (firstRight && !secondRight) onlyFirst++;
    else if (secondRight && !firstRight) onlySecond++;
    else if (!firstRight) bothWrong++;
  });
  return { onlyFirst, onlySecond, bothWrong };
}

/** McNemar's exact test where every number is 0 or 1, the better of which means right; else the test of the mean. */
export function compareAnswers(first: ComparedModel, second: ComparedModel): PairedComparison {
  const pairs = Array.from(first.values, (value, at) => [value, second.values[at] as number] as const).filter(
    ([a, b]) => !Number.isNaN(a) && !Number.isNaN(b),
  );
  if (!pairs.every((pair) => pair.every((value) => value === 0 || value === 1)))
    return compareMeans(first, second);
  const right = first.better === 'higher' ? 1 : 0;
  const onlyFirst = pairs.filter(([a, b]) => a === right && b !== right).length;
  const onlySecond = pairs.filter(([a, b]) => b === right && a !== right).length;
  return {
    p: mcnemar(onlyFirst, onlySecond),
    test: 'McNemar’s exact test',
    words: `Of ${plural(pairs.length, 'example')}, ${count(onlySecond)} are answered right only by ${second.name} and ${count(onlyFirst)} only by ${first.name} (McNemar’s exact test).`,
  };
}

// How many training examples carry each loss: where some have no label, losses that read it learn from the others alone.
import type { Dataset } from '../contracts/index.js';
import type { Finding } from '../contracts/index.js';
import type { WeightedLoss } from '../train/objective.js';
import type { RunData } from './data.js';

/** Training examples that a loss learns from, by its name. */
export type Coverage = Readonly<Record<string, number>>;

/** Undefined where every example has its truth, or it is not known without reading which. */
function coverageOf(
  { train, transfer, training }: Pick<RunData, 'train' | 'transfer' | 'training'>,
  losses: readonly WeightedLoss[],
): Coverage | undefined {
  const { target } = training.description;
  const labelled = labelledIn(train.dataset, train.size);
  if (labelled === undefined || (transfer === undefined && labelled === train.size)) return undefined;
  return Object.fromEntries(
    losses.map(({ name, loss }) => [
      name,
      target !== undefined && loss.needs.batch.includes(target) ? labelled : training.size,
    ]),
  );
}

function labelledIn(dataset: Dataset, size: number): number | undefined {
  if (!dataset.unlabelled) return size;
  if (dataset.size === undefined) return undefined;
  const known = dataset.targets ?? dataset.groupIndices?.[dataset.labelled ?? ''];
  const least = dataset.targets ? 0 : 1;
  return known && Array.from(known).filter((value) => value >= least).length;
}

/** Says what each loss learns from. */
export function coverageFindings(data: RunData, losses: readonly WeightedLoss[]): Finding[] {
  const coverage = coverageOf(data, losses);
  if (!coverage) return [];
  const { size } = data.training;
  const count = (value: number) => value.toLocaleString('en');
  const words = Object.entries(coverage).map(
    ([name, examples]) =>
      `${name} ${examples === size ? 'from all' : `from the ${count(examples)} with a label`}`,
  );
  return [
    {
      level: 'ok',
      code: 'coverage',
      message: `of ${count(size)} training examples, the student learns ${words.join(', ')}`,
    },
  ];
}

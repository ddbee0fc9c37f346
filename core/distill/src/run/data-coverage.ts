// How many training examples carry each loss: where some have no label, losses that read it learn from the others alone.
import type { Dataset, Finding, Loss } from '../contracts/index.js';
import type { WeightedLoss } from '../train/objective.js';
import type { RunData } from './data.js';

/** What the student is trained on. */
export interface Coverage {
  readonly examples: number;
  /** Examples that each loss learns from, by its name. Null: it is not known without reading which have a label. */
  readonly losses: Readonly<Record<string, number | null>>;
}

/** A loss that reads the target learns from examples with a label alone. */
export function coverageOf(
  { train, training }: Pick<RunData, 'train' | 'training'>,
  losses: readonly Pick<WeightedLoss, 'name' | 'loss'>[],
): Coverage {
  const { target } = training.description;
  const labelled = labelledIn(train.dataset, train.size);
  const of = ({ needs }: Loss) =>
    target !== undefined && needs.batch.includes(target) ? (labelled ?? null) : training.size;
  return {
    examples: training.size,
    losses: Object.fromEntries(losses.map(({ name, loss }) => [name, of(loss)])),
  };
}

function labelledIn(dataset: Dataset, size: number): number | undefined {
  if (!dataset.unlabelled) return size;
  if (dataset.size === undefined) return undefined;
  const known = dataset.targets ?? dataset.groupIndices?.[dataset.labelled ?? ''];
  const least = dataset.targets ? 0 : 1;
  return known && Array.from(known).filter((value) => value >= least).length;
}

/** Says what each loss learns from, where that is not all of the examples. */
export function coverageFindings(data: RunData, losses: readonly WeightedLoss[]): Finding[] {
  if (data.transfer === undefined && !data.train.dataset.unlabelled) return [];
  const { examples, losses: each } = coverageOf(data, losses);
  const words = Object.entries(each).map(([name, own]) => `${name} from ${coverageWords(own, examples)}`);
  return [
    {
      level: 'ok',
      code: 'coverage',
      message: `of ${count(examples)} training examples, the student learns ${words.join(', ')}`,
    },
  ];
}

/** `all`, or `the 10,000 with a label`. */
export function coverageWords(own: number | null, examples: number): string {
  if (own === examples) return 'all';
  return own === null ? 'those with a label' : `the ${count(own)} with a label`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

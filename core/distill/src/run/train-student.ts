// The student from its first weights to its best, with its teacher or without, or what an earlier process made of it.
import { fingerprint } from '../data/index.js';
import type { BaselinePlan, LossPlan, TrainPlan } from '../recipe/plan.js';
import { resolvedTraining } from '../recipe/resolved.js';
import type { EpochRecord } from '../train/checkpoint.js';
import { weightsHash } from './begin/begin-weights.js';
import { stage, type RunContext } from './context.js';
import { searchRate, type RateSearch } from './rate-search.js';
import { finishedTraining, selectionOf, trainOnce } from './train-once.js';

/** A student that is being compared. */
export type TrainedStage = 'baseline' | 'student';

export interface Trained {
  readonly history: readonly EpochRecord[];
  readonly steps: number;
  /** Epoch whose weights were kept, and its value of `train.select`; null when it is the last. */
  readonly best: { readonly epoch: number; readonly value: number } | null;
  /** How the learning rate was chosen, where it was searched for. */
  readonly rateSearch?: RateSearch;
}

/** What one student is trained by. */
export interface StudentTraining {
  readonly name: TrainedStage;
  readonly train: TrainPlan;
  readonly losses: readonly LossPlan[];
  /** Changes with what the run's identity does not hold: what the baseline alone is trained by, and how the epoch is chosen. */
  readonly settings: string;
}

function trainingOf(context: RunContext, name: TrainedStage): StudentTraining {
  const { train, losses, baseline } = context.plan;
  if (name === 'student') return { name, train, losses, settings: choosing(context, train) };
  if (!baseline) throw new Error('internal: a baseline that the recipe does not have');
  const settings = [
    baselineSettings(baseline),
    choosing(context, baseline.train),
    beginning(context.initial),
  ];
  return { name, ...baseline, settings: settings.filter((part) => part !== '').join(' ') };
}

/** Changes with what the baseline alone is trained by. */
export function baselineSettings(baseline: BaselinePlan): string {
  return fingerprint(resolvedTraining(baseline));
}

/** Changes with the weights that the baseline begins with, where the student begins with others. */
function beginning({ student, baseline }: RunContext['initial']): string {
  return student === baseline ? '' : weightsHash(baseline);
}

/** Changes with the options of the metric that chooses the epoch; empty where they are the defaults. */
export function choosing(
  context: Pick<RunContext, 'plan' | 'task' | 'metrics' | 'figures'>,
  { select }: TrainPlan,
): string {
  const { plan, metrics } = context;
  const by = selectionOf(context, select);
  if (by.by === 'last' || !plan.metrics) return '';
  const at = metrics.findIndex(({ figures }) => figures.some(({ name }) => name === by.name));
  const chosen = plan.metrics[at];
  if (!chosen) return '';
  const { component, name = '', where = {} } = chosen;
  const { definition, options } = component;
  const usual = definition.options.safeParse({});
  const own = fingerprint(name, where, options);
  return usual.success && own === fingerprint('', {}, usual.data) ? '' : own;
}

/**
 * Trains, or takes what is finished, and leaves the student with the kept weights in `<name>/best.safetensors`. Both
 * students begin with the same weights (but see the stage `begin`), see the same batches and drop the same units: losses, and what `baseline.set`
 * changes, are the only difference.
 */
export async function trainStudent(context: RunContext, name: TrainedStage): Promise<Trained> {
  const training = trainingOf(context, name);
  const done = await finishedTraining(context, name, training.settings);
  if (done) return done;
  return stage(
    context.log,
    name,
    () => (training.train.rateSearch ? searchRate(context, training) : trainOnce(context, training)),
    ({ rateSearch }) =>
      rateSearch &&
      `learning rate ${rateSearch.chosen} of ${rateSearch.candidates.length} on validation data`,
  );
}

// The checks before training, as a stage of a run.
import { PotstillError } from '../errors/potstill-error.js';
import type { Finding } from '../contracts/index.js';
import { preflight } from '../preflight/preflight.js';
import { bucketFindings } from './bucket-findings.js';
import { disposeLosses, makeOptimizer } from './assemble.js';
import type { TrainPlan } from '../recipe/plan.js';
import { stage, type RunContext } from './context.js';
import { coverageFindings } from './data-coverage.js';
import { duplicateFindings } from './data-duplicates.js';
import type { LossContext } from './losses-of.js';
import { usedGraph } from '../train/learners.js';
import { trainingLosses } from './peer-losses.js';
import { rateFactors } from './rate-search.js';
import { drawSample } from './sample.js';
import { loadWeights } from './weights.js';

/** Findings of the checks, or those that an earlier process recorded; warnings are told as events. Empty when switched off. */
export async function preflightStage(context: RunContext): Promise<readonly Finding[]> {
  const { plan, folder, log } = context;
  if (!plan.preflight.enabled) return [];
  const done = folder.finished<{ readonly findings: readonly Finding[] }>('preflight');
  const findings =
    done?.findings ??
    (await stage(
      log,
      'preflight',
      () => runPreflight(context),
      (found) => found.find(({ code }) => code === 'forecast')?.message,
    ));
  for (const { level, ...finding } of findings) if (level === 'warning') log.warn(finding);
  if (!done) await folder.finish('preflight', { findings });
  return findings;
}

/** What preflight looks at. */
export type PreflightContext = LossContext & Pick<RunContext, 'initial' | 'random' | 'trainsBaseline'>;

/** See `preflight`. Leaves the first weights in the student. */
export async function runPreflight(context: PreflightContext): Promise<Finding[]> {
  const { plan, container, data, task, student, teacher, random } = context;
  loadWeights(student, context.initial.student, 'the first weights');
  // First of all: losses refuse what does not fit in their own, narrower words.
  const parts = task.task.checkParts?.({ data: data.description, student, teacher }) ?? [];
  const stream = random.child('preflight');
  if (data.training.size === 0) throw noExamples();
  const sample = await drawSample(data.training, plan.preflight.sample, stream, 'sample');
  const batch = await drawSample(data.training, plan.train.batch, stream, 'batch');
  const losses = await trainingLosses(context, 'student');
  try {
    const found = await preflight({
      engine: container.services.engine,
      task: task.task,
      data: data.training.description,
      sample: sample.batch,
      drawnFrom: sample.drawnFrom,
      batch: batch.batch,
      student,
      teacher,
      losses,
      optimizer: await makeOptimizer(plan.train, container, usedGraph(teacher, losses)),
      random: stream,
      epochs: plan.train.epochs,
      examples: data.training.size,
      trainings: trainingsOf(context),
      kept: !data.training.transforms.some((transform) => transform.random),
    });
    return [
      ...parts,
      ...coverageFindings(data, losses),
      ...(await duplicateFindings(data)),
      ...(await bucketFindings(data.training, stream)),
      ...found,
    ];
  } finally {
    disposeLosses(losses);
  }
}

/** How often a student is trained. */
function trainingsOf({ plan, trainsBaseline }: PreflightContext): number {
  const times = ({ rateSearch }: TrainPlan) => (rateSearch ? rateFactors.length : 1);
  return times(plan.train) + (trainsBaseline && plan.baseline ? times(plan.baseline.train) : 0);
}

function noExamples(): PotstillError {
  return new PotstillError({
    code: 'DATA_EMPTY',
    message: 'the training data has no examples',
    path: 'data.train',
  });
}

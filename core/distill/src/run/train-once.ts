// One training of one student in a sub-folder of the run.
import type { Schedule, Student } from '../contracts/index.js';
import type { TrainPlan } from '../recipe/plan.js';
import { makeBalance, type Balance } from '../train/balance.js';
import { readCheckpoint, type EpochRecord } from '../train/checkpoint.js';
import { fieldsOf } from '../train/fields.js';
import { outputsRead } from '../evaluate/evaluate-model.js';
import { primaryOf } from '../report/figures.js';
import { askedTeacher, changes, taughtVariables, taughtWeights, usedGraph } from '../train/learners.js';
import type { WeightedLoss } from '../train/objective.js';
import { selection, type Selection } from '../train/select.js';
import { trainingSource } from '../train/source.js';
import { train } from '../train/trainer.js';
import { disposeLosses, makeOptimizer, makeSchedule } from './assemble.js';
import type { RunContext } from './context.js';
import { trainingDataOf } from './data.js';
import { trainingLosses } from './peer-losses.js';
import type { StudentTraining, Trained } from './train-student.js';
import { loadTaught, loadWeights, readOwnWeights, readOwnWeightsIfThere } from './weights.js';

/** What a folder records of a finished training. */
export interface TrainingRecord extends Pick<Trained, 'steps' | 'best' | 'rateSearch'> {
  /** Absent in runs of potstill 0.1.0, whose baselines had none. */
  readonly settings?: string;
  /** Absent in runs of potstill 0.1.0, which kept it in last.safetensors alone. JSON has null for what is not finite. */
  readonly history?: readonly {
    readonly epoch: number;
    readonly metrics: Readonly<Record<string, number | null>>;
  }[];
}

/** One of several trainings of a student. `stage` names its folder and its events. */
export interface Attempt {
  readonly stage: string;
  /** What the learning rate is multiplied by. */
  readonly factor: number;
}

/** A training that the folder has finished by these settings; its weights are left in the student. */
export async function finishedTraining(
  context: RunContext,
  name: string,
  settings: string,
): Promise<Trained | undefined> {
  const { folder, log } = context;
  const record = folder.finished<TrainingRecord>(name);
  if (!record || (record.settings ?? '') !== settings) return undefined;
  const history = await historyOf(context, name, record);
  await log.history(name, history);
  await takeBest(context, name);
  const { settings: _settings, history: _history, ...done } = record;
  return { ...done, history };
}

async function historyOf(
  { folder }: RunContext,
  name: string,
  { history }: TrainingRecord,
): Promise<readonly EpochRecord[]> {
  if (!history) return (await readCheckpoint(folder.file(name, 'last.safetensors')))?.position.history ?? [];
  return history.map(({ epoch, metrics }) => ({
    epoch,
    metrics: Object.fromEntries(Object.entries(metrics).map(([key, value]) => [key, value ?? NaN])),
  }));
}

/** Trains to the end, records that, and leaves the best weights in the student. */
export async function trainOnce(
  context: RunContext,
  training: StudentTraining,
  attempt: Attempt = { stage: training.name, factor: 1 },
): Promise<Trained> {
  const { settings } = training;
  loadWeights(context.student, context.initial[training.name], 'the first weights');
  loadTaught(context.teacher?.graph, context.initialTaught, 'the first weights');
  const losses = await trainingLosses(context, training.name, training.losses);
  try {
    const { steps, best, history } = await run(context, training, attempt, losses);
    await takeBest(context, attempt.stage);
    await context.folder.finish(attempt.stage, { steps, best, settings, history } satisfies TrainingRecord);
    return { steps, best, history };
  } finally {
    disposeLosses(losses);
  }
}

/** Loads the best weights of a training into the student. */
export async function takeBest(context: RunContext, name: string): Promise<void> {
  const { folder, student, identity, teacher } = context;
  const path = folder.file(name, 'best.safetensors');
  loadWeights(student, await readOwnWeights(path, `${identity} ${name}`), path);
  const taught = folder.file(name, taughtWeights);
  const own = `${identity} ${name}`;
  // Where nothing reads the teacher, it was not trained and there is none.
  const needed =
    name.startsWith('student') &&
    context.plan.losses.some(({ component }) => component.definition.needsTeacher);
  if (changes(teacher) && taughtVariables(teacher?.graph).length > 0) {
    const kept = needed ? await readOwnWeights(taught, own) : await readOwnWeightsIfThere(taught, own);
    if (kept) loadTaught(teacher?.graph, kept, taught);
  }
  await teacher?.graph?.refresh?.();
}

/** How the best epoch of a training is chosen. */
export function selectionOf(
  { task, figures }: Pick<RunContext, 'task' | 'figures'>,
  select: string,
): Selection {
  const name = select === 'primary' ? (primaryOf(figures, task.task.primary)?.name ?? 'last') : select;
  return selection(name, figures);
}

async function run(
  context: RunContext,
  { name, train: plan, settings }: StudentTraining,
  { stage, factor }: Attempt,
  losses: readonly WeightedLoss[],
) {
  const { container, folder, log, data, student, random } = context;
  // A teacher that changes is compared with once it is done.
  const during = context.evaluatorDuring;
  const { services } = container;
  const inputs = data.description.inputs;
  const validation = data.validation;
  const trainedOn = trainingDataOf(data, name);
  const rate = await makeSchedule(plan.rate, container);
  const taughtBy = usedGraph(context.teacher, losses);
  const balance = balanceOf(plan, losses, student);
  const source = trainingSource({
    data: trainedOn,
    size: trainedOn.size,
    batch: plan.batch,
    random: random.child('train'),
    teacher: askedTeacher(context.teacher),
    store: services.store,
    cache: context.plan.teacher?.cache.keep ?? 'auto',
  });
  const training = train({
    stage,
    folder: folder.file(stage),
    identity: [context.identity, stage, settings].filter((part) => part !== '').join(' '),
    // The run's identity is checked before; settings may be others than those it began with.
    otherIdentity: 'restart',
    student,
    inputs,
    losses,
    taughtBy,
    balance,
    optimizer: await makeOptimizer(plan, container, taughtBy),
    rate: scaled(rate, factor),
    source,
    epochs: plan.epochs,
    accumulate: plan.accumulate,
    keep: plan.keep,
    weights: plan.average === undefined ? 'trained' : 'average',
    random: random.child('train'),
    ...(validation
      ? {
          validated: outputsRead(context.metrics, 'model'),
          validate: async (predictor) =>
            (await during.evaluate(validation, (batch) => predictor.run(fieldsOf(batch, inputs)))).figures,
        }
      : {}),
    select: selectionOf(context, plan.select),
    services: { engine: services.engine, logger: services.logger, clock: services.clock, progress: log },
    resume: context.resume,
    ...(context.signal ? { signal: context.signal } : {}),
    ...(context.checkpointEvery ? { checkpointEvery: context.checkpointEvery } : {}),
    onHistory: async (history) => {
      await log.history(stage, history);
      await context.timings.save();
    },
  });
  return training.finally(async () => {
    for (const { variable } of balance?.variables ?? []) variable.dispose();
    await source.close();
  });
}

/** Undefined where there is one loss, which has nothing to be balanced with. */
function balanceOf(
  { balance }: TrainPlan,
  losses: readonly WeightedLoss[],
  student: Student,
): Balance | undefined {
  if (!balance || losses.length < 2) return undefined;
  return makeBalance(
    balance,
    losses.map(({ name }) => name),
    student,
  );
}

/** A rate times a factor. */
function scaled(rate: number | Schedule, factor: number): number | Schedule {
  if (factor === 1) return rate;
  return typeof rate === 'number' ? rate * factor : (at) => rate(at) * factor;
}

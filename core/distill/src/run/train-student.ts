// One training of a run: the student from its first weights to its best, or what an earlier process made of it.
import type { Loss } from '../contracts/index.js';
import { crossEntropyLoss } from '../losses/cross-entropy.js';
import { numbersOf } from '../evaluate/evaluate-model.js';
import { readCheckpoint, readWeights, type EpochRecord } from '../train/checkpoint.js';
import { fieldsOf } from '../train/fields.js';
import type { WeightedLoss } from '../train/objective.js';
import { selection } from '../train/select.js';
import { trainingSource } from '../train/source.js';
import { train } from '../train/trainer.js';
import { baselineLosses, disposeLosses, makeLosses, makeOptimizer, makeSchedule } from './assemble.js';
import { stage, type RunContext } from './context.js';
import { loadWeights } from './weights.js';

/** A student that is being compared. */
export type TrainedStage = 'baseline' | 'student';

export interface Trained {
  readonly history: readonly EpochRecord[];
  readonly steps: number;
  /** Epoch whose weights were kept, and its value of `train.select`; null when it is the last. */
  readonly best: { readonly epoch: number; readonly value: number } | null;
}

/**
 * Trains, or takes what is finished, and leaves the student with the kept weights. Both stages begin with the same
 * weights, see the same batches and drop the same units: the losses are the only difference.
 */
export async function trainStudent(context: RunContext, name: TrainedStage): Promise<Trained> {
  const { folder, log, student } = context;
  const bestPath = folder.file(name, 'best.safetensors');
  const done = folder.finished<Pick<Trained, 'steps' | 'best'>>(name);
  if (done) {
    const history = (await readCheckpoint(folder.file(name, 'last.safetensors')))?.position.history ?? [];
    await log.history(name, history);
    loadWeights(student, (await readWeights(bestPath)).variables, bestPath);
    return { ...done, history };
  }
  return stage(log, name, async () => {
    loadWeights(student, context.initial, 'the first weights');
    const losses = await lossesOf(context, name);
    try {
      const result = await trainWith(context, name, losses);
      loadWeights(student, (await readWeights(bestPath)).variables, bestPath);
      await folder.finish(name, { steps: result.steps, best: result.best });
      return result;
    } finally {
      disposeLosses(losses);
    }
  });
}

async function trainWith(context: RunContext, name: TrainedStage, losses: readonly WeightedLoss[]) {
  const { plan, container, folder, log, data, student, evaluator, random } = context;
  const { services } = container;
  const inputs = data.description.inputs;
  const validation = data.validation;
  const directions = Object.assign({}, ...context.metrics.map(({ better }) => better)) as Record<
    string,
    'lower' | 'higher'
  >;
  return train({
    stage: name,
    folder: folder.file(name),
    identity: `${context.identity} ${name}`,
    student,
    inputs,
    losses,
    optimizer: await makeOptimizer(plan.train, container),
    rate: await makeSchedule(plan.train.rate, container),
    source: trainingSource({
      data: data.train,
      size: data.train.size,
      batch: plan.train.batch,
      random: random.child('train'),
      teacher: context.teacher,
      store: services.store,
    }),
    epochs: plan.train.epochs,
    accumulate: plan.train.accumulate,
    weights: plan.train.average === undefined ? 'trained' : 'average',
    random: random.child('train'),
    ...(validation
      ? {
          validate: async (predictor) =>
            numbersOf(
              await evaluator.evaluate(validation, (batch) => predictor.run(fieldsOf(batch, inputs))),
            ),
        }
      : {}),
    select: selection(plan.train.select, directions),
    services: { engine: services.engine, logger: services.logger, clock: services.clock, progress: log },
    resume: context.resume,
    ...(context.signal ? { signal: context.signal } : {}),
    ...(context.checkpointEvery ? { checkpointEvery: context.checkpointEvery } : {}),
    onHistory: (history) => log.history(name, history),
  });
}

/** The recipe's losses, or for the baseline those that need no teacher. */
export async function lossesOf(context: RunContext, name: TrainedStage): Promise<WeightedLoss[]> {
  const { plan, container, data, student, teacher } = context;
  const made = await makeLosses(plan.losses, container, { data: data.description, student, teacher });
  if (name === 'student') return made;
  const kept = baselineLosses(made, await plainLoss(context));
  disposeLosses(made.filter((loss) => !kept.includes(loss)));
  return kept;
}

/** Cross-entropy of the labels, as the component of that name makes it with its defaults. */
async function plainLoss({ container, data, student, teacher }: RunContext): Promise<Loss> {
  const definition = crossEntropyLoss;
  if (definition.kind !== 'loss') throw new Error('internal: cross-entropy is no loss');
  return definition.create(definition.options.parse({}), container.services, {
    data: data.description,
    student,
    teacher,
  });
}

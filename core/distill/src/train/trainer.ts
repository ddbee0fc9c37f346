// One training of one student: epochs of shuffled batches, checkpoints on the way, the best weights at the end.
import { join } from 'node:path';
import type {
  HostTensors,
  NamedVariable,
  Optimizer,
  Predictor,
  RandomStream,
  TrainingSession,
  TrainingState,
  WeightOptions,
} from '@potstill/engine';
import type { GraphTeacher, Schedule, ScheduleAt, Services, Student } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import {
  checkpointHint,
  readCheckpoint,
  readWeightsIfThere,
  keptWeights,
  writeCheckpoint,
  writeWeights,
  type EpochRecord,
  type TrainingPosition,
} from './checkpoint.js';
import { allFinite, interrupted, notFinite } from './failures.js';
import type { Balance } from './balance.js';
import { definitionOf } from './definition.js';
import { createObjective, type Objective, type WeightedLoss } from './objective.js';
import { valueAt } from './value-at.js';
import { forwardOf } from '../students/index.js';
import { taughtVariables, taughtWeights } from './learners.js';
import { isBetter, type Selection } from './select.js';
import type { TrainingSource } from './source.js';
import { ProgressMeter } from './throughput.js';
import { WaitMeter } from './wait-meter.js';
import { aborted, itemsUntilAborted, untilAborted } from './until-aborted.js';

export interface Training {
  /** As events name it: `teacher`, `baseline`, `student`. */
  readonly stage: string;
  /** Where `last.safetensors` and `best.safetensors` are written, and `teacher.safetensors` of a teacher that changes. */
  readonly folder: string;
  /** Identifies recipe, seed and data. */
  readonly identity: string;
  /** What to do with a checkpoint of another identity: refuse it (the default), or start anew. */
  readonly otherIdentity?: 'refuse' | 'restart';
  readonly student: Student;
  /** Fields of a batch that the student takes. */
  readonly inputs: readonly string[];
  readonly losses: readonly WeightedLoss[];
  /** The teacher, where it is computed in the step. */
  readonly taughtBy?: GraphTeacher | undefined;
  /** Sets the factors of the losses while training. */
  readonly balance?: Balance | undefined;
  readonly optimizer: Optimizer;
  readonly rate: number | Schedule;
  readonly source: TrainingSource;
  readonly epochs: number;
  /** Batches that make one update; those left over at the end make none. Default 1. */
  readonly accumulate?: number;
  /** Epochs whose weights are kept too, as `epoch-<n>.safetensors`. */
  readonly keep?: readonly number[] | undefined;
  /** Which weights are validated and kept; `average` needs an optimizer made with `averaged`. Default `trained`. */
  readonly weights?: NonNullable<WeightOptions['weights']>;
  /** Dropout and other random tensors of a step draw from its child `steps`. */
  readonly random: RandomStream;
  /** Outputs of the student that `validate` reads. Default: all. */
  readonly validated?: readonly string[];
  /** Figures on validation data after each epoch; absent without such data. */
  readonly validate?: (predictor: Predictor) => Promise<Readonly<Record<string, number>>>;
  readonly select: Selection;
  readonly services: Pick<Services, 'engine' | 'progress' | 'logger' | 'clock'>;
  /** Continue from `last.safetensors`, if there is one. */
  readonly resume: boolean;
  /** Aborting it writes a checkpoint and ends the training with `TRAIN_INTERRUPTED`. */
  readonly signal?: AbortSignal;
  /** Checkpoints within an epoch, beside the one at its end. Default every 30 seconds. */
  readonly checkpointEvery?: { readonly seconds: number } | { readonly steps: number };
  /** Told after each epoch's checkpoint, and once with what a resumed training had already. */
  readonly onHistory?: (history: readonly EpochRecord[]) => void | Promise<void>;
}

export interface TrainingResult {
  readonly history: readonly EpochRecord[];
  /** The epoch whose weights are kept, and its value of the selected metric; null when it is the last. */
  readonly best: TrainingPosition['best'];
  readonly steps: number;
}

const start: TrainingPosition = { epoch: 0, batch: 0, sums: {}, history: [], best: null };

/**
 * Trains to the end and leaves the best weights in `best.safetensors`.
 *
 *     compile one step: forward, weighted losses, gradients, update
 *     restore weights, optimizer state and position from last.safetensors, if resuming
 *     for each epoch that is left:
 *       for each (batch, teacher outputs) of the epoch's shuffled source, from the position on:
 *         if interrupted: write last.safetensors and stop
 *         step = session.train(objective.feed(batch, teacher outputs, schedules), rate)
 *         if a loss is not finite: keep the weights before the step and stop
 *       metrics = mean losses of the epoch, and those of the validation data
 *       if the selected metric is the best so far: write best.safetensors
 *       if the epoch is one to keep: write epoch-<n>.safetensors
 *       write last.safetensors
 *
 * Errors: `TRAIN_NOT_FINITE`, `TRAIN_INTERRUPTED`, `RUN_WRITE_FAILED`, `RUN_OTHER_RECIPE`, `DATA_EMPTY`.
 */
export async function train(training: Training): Promise<TrainingResult> {
  if (training.source.size === 0)
    throw new PotstillError({
      code: 'DATA_EMPTY',
      message: `${training.stage}: the training data has no examples`,
    });
  const objective = createObjective(
    training.student,
    training.inputs,
    training.losses,
    training.taughtBy,
    training.balance,
  );
  const session = await training.services.engine.training(
    definitionOf(objective, {
      optimizer: training.optimizer,
      random: training.random.child('steps'),
      accumulate: training.accumulate ?? 1,
    }),
  );
  try {
    return await new Trainer(training, objective, session).run();
  } finally {
    await session.dispose();
  }
}

class Trainer {
  private readonly stepsPerEpoch: number;
  private readonly steps: number;
  private readonly weights: NonNullable<WeightOptions['weights']>;
  private position = start;
  private readonly lastPath: string;
  private readonly bestPath: string;
  private checkpointTime: number;
  private readonly waiting: WaitMeter;

  constructor(
    private readonly training: Training,
    private readonly objective: Objective,
    private readonly session: TrainingSession,
  ) {
    this.stepsPerEpoch = Math.ceil(training.source.size / training.source.batch);
    this.steps = training.epochs * this.stepsPerEpoch;
    this.weights = training.weights ?? 'trained';
    this.lastPath = join(training.folder, 'last.safetensors');
    this.bestPath = join(training.folder, 'best.safetensors');
    this.checkpointTime = training.services.clock.now();
    this.waiting = new WaitMeter(training.services.clock);
  }

  async run(): Promise<TrainingResult> {
    const { training, session } = this;
    if (training.resume) await this.resume();
    await training.onHistory?.(this.position.history);
    const { size } = training.source;
    const meter = new ProgressMeter({
      stage: training.stage,
      epochs: training.epochs,
      steps: this.steps,
      examplesInAll: training.epochs * size,
      examplesBefore:
        this.position.epoch * size + Math.min(this.position.batch * training.source.batch, size),
      progress: training.services.progress,
      clock: training.services.clock,
    });
    const predictor =
      training.validate &&
      session.predictor(
        forwardOf(training.student, training.validated ?? Object.keys(training.student.outputs)),
        {
          weights: this.weights,
        },
      );
    try {
      while (this.position.epoch < training.epochs) {
        await this.epoch(meter);
        await this.endEpoch(predictor);
      }
    } finally {
      await predictor?.dispose();
    }
    // Without a metric to choose by, the last weights are the best.
    if (!this.position.best) await this.writeBest(await session.snapshot(), null);
    return { history: this.position.history, best: this.position.best, steps: session.step };
  }

  /** Where schedules stand after so many batches: they count updates. */
  private scheduleAt(batches: number): ScheduleAt {
    const { accumulate = 1 } = this.training;
    return {
      step: Math.floor(batches / accumulate),
      steps: Math.floor(this.steps / accumulate),
      stepsPerEpoch: this.stepsPerEpoch / accumulate,
    };
  }

  /** Restores the checkpoint, if there is one. */
  private async resume(): Promise<void> {
    const checkpoint = await readCheckpoint(this.lastPath);
    if (!checkpoint) return;
    const other = checkpoint.identity !== this.training.identity;
    if (other && this.training.otherIdentity === 'restart') return;
    if (other)
      throw new PotstillError({
        code: 'RUN_OTHER_RECIPE',
        message: `${this.lastPath} was written by another recipe, seed or data`,
        hint: 'Run without --resume, or choose another run folder.',
        location: { file: this.lastPath },
      });
    // Read already now: damage is told before the rest of the training, not after it.
    if (checkpoint.position.best && !(await readWeightsIfThere(this.bestPath, checkpointHint))) {
      const { stage, services } = this.training;
      services.progress.emit({
        event: 'warning',
        code: 'RUN_STAGE_ANEW',
        message: `${this.bestPath} is missing: starting the stage \`${stage}\` over`,
      });
      return;
    }
    await this.session.restore(checkpoint.state);
    this.position = checkpoint.position;
    const { epoch, batch } = this.position;
    this.training.services.logger.info(
      { stage: this.training.stage, epoch, batch },
      'resumed from a checkpoint',
    );
  }

  /** The rest of the epoch under way. */
  private async epoch(meter: ProgressMeter): Promise<void> {
    const { training, session, objective } = this;
    const { epoch, batch: begin } = this.position;
    const source = training.source.epoch(epoch, begin, objective.teacherOutputs);
    this.waiting.skip();
    for await (const { batch, teacher } of itemsUntilAborted(training.signal, source)) {
      if (this.isCheckpointDue(begin)) await this.checkpoint();
      const busy = session.busy;
      const at = this.scheduleAt(session.step);
      const rate = valueAt(training.rate, at);
      const result = await session.train(objective.feed(batch, teacher, at), {
        rate,
        rates: objective.rates(at),
      });
      if (!result.finite) {
        const kept = await this.keepAfterFailure();
        throw notFinite({ stage: training.stage, epoch, step: session.step, result, batch, kept });
      }
      this.position = {
        ...this.position,
        batch: this.position.batch + 1,
        sums: add(this.position.sums, { loss: result.loss, ...result.terms }, batch.size),
      };
      this.waiting.step(session.busy - busy);
      meter.count(batch.size, { epoch, step: session.step, loss: result.loss });
    }
    if (training.signal?.aborted) await this.stop();
  }

  /** Ctrl-C: leaves a checkpoint. */
  private async stop(): Promise<never> {
    await this.checkpoint();
    const { epoch, batch } = this.position;
    throw interrupted(this.training.stage, epoch, batch, this.lastPath);
  }

  /** Evaluates, keeps the weights if they are the best, then moves on to the next epoch on disk. */
  private async endEpoch(predictor: Predictor | undefined): Promise<void> {
    const { training, session } = this;
    const epoch = this.position.epoch + 1;
    const { examples = 0, ...sums } = this.position.sums;
    const metrics: Record<string, number> = {};
    for (const [name, sum] of Object.entries(sums)) metrics[name] = sum / examples;
    metrics.rate = valueAt(training.rate, this.scheduleAt(Math.max(0, session.step - 1)));
    const validated = predictor && training.validate?.(predictor);
    const validation = validated && (await untilAborted(training.signal, validated));
    if (validation === aborted) return this.stop();
    Object.assign(metrics, validation);
    const state = await session.snapshot();
    const better = validation ? isBetter(training.select, validation, this.position.best) : null;
    const best = better ? { epoch, value: better.value } : this.position.best;
    // The best is written first: should the process die in between, the epoch's end is done again with the same result.
    if (better) await this.writeBest(state, epoch);
    if (training.keep?.includes(epoch)) await this.writeStudent(keptWeights(epoch), state, epoch);
    const record: EpochRecord = { epoch, metrics };
    this.position = { epoch, batch: 0, sums: {}, history: [...this.position.history, record], best };
    await this.checkpoint(state);
    await training.onHistory?.(this.position.history);
    const waited = this.waiting.share();
    training.services.progress.emit({
      event: 'epoch',
      stage: training.stage,
      epoch,
      epochs: training.epochs,
      metrics,
      ...(waited === undefined ? {} : { waited }),
    });
  }

  /** Never at the place where this process began: that is on disk already, or nothing worth keeping. */
  private isCheckpointDue(begin: number): boolean {
    if (this.position.batch === begin) return false;
    const every = this.training.checkpointEvery ?? { seconds: 30 };
    if ('steps' in every) return this.session.step % every.steps === 0;
    return this.training.services.clock.now() - this.checkpointTime >= every.seconds * 1000;
  }

  private async checkpoint(known?: TrainingState): Promise<void> {
    const state = known ?? (await this.session.snapshot());
    await writeCheckpoint(this.lastPath, {
      state,
      position: this.position,
      identity: this.training.identity,
    });
    this.checkpointTime = this.training.services.clock.now();
    this.waiting.skip();
  }

  private async writeBest(state: TrainingState, epoch: number | null): Promise<void> {
    const { folder, identity, student, taughtBy } = this.training;
    const metadata = {
      'potstill.identity': identity,
      'potstill.epoch': String(epoch ?? this.position.epoch),
    };
    const write = (path: string, of: readonly NamedVariable[]) =>
      writeWeights(path, { variables: this.kept(state, of), metadata });
    const present = new Set(this.objective.variables.map(({ name }) => name));
    const taught = taughtBy?.fixed ? [] : taughtVariables(taughtBy).filter(({ name }) => present.has(name));
    // The student last: it says that both are there.
    if (taught.length > 0) await write(join(folder, taughtWeights), taught);
    await write(this.bestPath, student.variables);
  }

  /** The student alone. */
  private async writeStudent(name: string, state: TrainingState, epoch: number): Promise<void> {
    const { folder, identity, student } = this.training;
    const metadata = { 'potstill.identity': identity, 'potstill.epoch': String(epoch) };
    await writeWeights(join(folder, name), { variables: this.kept(state, student.variables), metadata });
  }

  /** The weights that are kept of these variables. */
  private kept(state: TrainingState, of: readonly NamedVariable[]): HostTensors {
    return Object.fromEntries(
      of.map(({ name }) => {
        // Statistics and frozen variables have no average.
        const average = this.weights === 'average' ? state.slots[`${name}/average`] : undefined;
        const tensor = average ?? state.variables[name];
        if (!tensor) throw new Error(`internal: the training has no variable \`${name}\``);
        return [name, tensor];
      }),
    );
  }

  /** After a step that was not finite: keeps the state before it, unless that is already spoilt. */
  private async keepAfterFailure(): Promise<{ readonly path: string; readonly written: boolean }> {
    const state = await this.session.snapshot();
    const sound = allFinite(state.variables) && allFinite(state.slots);
    if (sound) await this.checkpoint(state);
    return { path: this.lastPath, written: sound };
  }
}

/** Running sums, weighted by the number of examples so that a small last batch counts for what it is. */
function add(
  sums: TrainingPosition['sums'],
  terms: Readonly<Record<string, number>>,
  size: number,
): TrainingPosition['sums'] {
  const next: Record<string, number> = { examples: (sums.examples ?? 0) + size };
  for (const [name, value] of Object.entries(terms)) next[name] = (sums[name] ?? 0) + value * size;
  return next;
}

// A small search for the learning rate: whole trainings at several factors of the recipe's, compared on validation data.
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { PotstillError } from '../errors/potstill-error.js';
import { writeFailed } from '../files/write-atomically.js';
import { keptWeights } from '../train/checkpoint.js';
import { valueAt } from '../train/value-at.js';
import { taughtWeights } from '../train/learners.js';
import { isBetter } from '../train/select.js';
import { makeSchedule } from './assemble.js';
import { stage, type RunContext } from './context.js';
import { trainingDataOf } from './data.js';
import {
  finishedTraining,
  selectionOf,
  takeBest,
  trainOnce,
  type Attempt,
  type TrainingRecord,
} from './train-once.js';
import type { StudentTraining, Trained, TrainedStage } from './train-student.js';

/** What the recipe's rate is multiplied by, in the order tried: of equally good rates the first is chosen. */
export const rateFactors = [1, 1 / 3, 3, 1 / 10] as const;

export interface RateCandidate {
  /** Of the recipe's rate. */
  readonly factor: number;
  /** The highest learning rate of the training. */
  readonly rate: number;
  /** Best value of `figure` on validation data; null when the training did not stay finite. */
  readonly figure: number | null;
}

/** How the learning rate of a student was chosen. */
export interface RateSearch {
  readonly stage: TrainedStage;
  /** Name of the figure that decided, on validation data. */
  readonly figure: string;
  readonly candidates: readonly RateCandidate[];
  /** The rate of the candidate that was kept. */
  readonly chosen: number;
}

/** Trains every candidate in `<name>/rate-x<factor>` and leaves the best one in `<name>` and in the student. */
export async function searchRate(context: RunContext, training: StudentTraining): Promise<Trained> {
  const { folder, log } = context;
  const { name, train, settings } = training;
  const select = selectionOf(context, train.select);
  const figureName = select.by === 'figure' ? select.name : select.by;
  const candidates: RateCandidate[] = [];
  let best: { readonly attempt: Attempt; readonly trained: Trained; readonly value: number } | undefined;
  let failure: unknown;
  for (const factor of rateFactors) {
    const attempt = { stage: `${name}/rate-x${factor.toPrecision(2)}`, factor };
    const trained = await tryRate(context, training, attempt).catch((error: unknown) => {
      if (!isNotFinite(error)) throw error;
      failure ??= error;
      return undefined;
    });
    const figure = trained?.best?.value ?? null;
    candidates.push({ factor, rate: await highestRate(context, training, factor), figure });
    if (!trained) continue;
    // One without a figure (NaN throughout) is kept only as long as there is no other.
    const value = figure ?? NaN;
    const known = best && !Number.isNaN(best.value) ? best : null;
    if (!best || isBetter(select, { [figureName]: value }, known)) best = { attempt, trained, value };
  }
  if (!best) throw failure;
  const { attempt, trained } = best;
  await keep(context, attempt.stage, name, training.train.keep ?? []);
  await takeBest(context, name);
  await log.history(name, trained.history);
  const chosen = candidates.find(({ factor }) => factor === attempt.factor)?.rate ?? NaN;
  const rateSearch: RateSearch = { stage: name, figure: figureName, candidates, chosen };
  const { steps, best: epoch } = trained;
  await folder.finish(name, {
    steps,
    best: epoch,
    settings,
    rateSearch,
    history: trained.history,
  } satisfies TrainingRecord);
  return { ...trained, rateSearch };
}

async function tryRate(context: RunContext, training: StudentTraining, attempt: Attempt): Promise<Trained> {
  const done = await finishedTraining(context, attempt.stage, training.settings);
  if (done) return done;
  let failure: unknown;
  const trained = await stage(context.log, attempt.stage, () =>
    trainOnce(context, training, attempt).catch((error: unknown) => {
      // A rate that is too high is a result of the search, not the end of the run.
      if (!isNotFinite(error)) throw error;
      failure = error;
      return undefined;
    }),
  );
  if (trained) return trained;
  throw failure;
}

function isNotFinite(error: unknown): boolean {
  return error instanceof PotstillError && error.code === 'TRAIN_NOT_FINITE';
}

/** Schedules may rise: the highest of some hundred places of the training stands for them. */
async function highestRate(
  { container, data }: RunContext,
  { name, train }: StudentTraining,
  factor: number,
): Promise<number> {
  const rate = await makeSchedule(train.rate, container);
  const stepsPerEpoch = Math.ceil(trainingDataOf(data, name).size / train.batch) / train.accumulate;
  const steps = Math.floor(train.epochs * stepsPerEpoch);
  const places = Math.min(steps, 1000);
  const values = Array.from({ length: places }, (_, i) =>
    valueAt(rate, { step: Math.floor((i * steps) / places), steps, stepsPerEpoch }),
  );
  return factor * Math.max(...values);
}

async function keep(
  { folder }: RunContext,
  from: string,
  to: string,
  epochs: readonly number[],
): Promise<void> {
  const taught = existsSync(folder.file(from, taughtWeights)) ? [taughtWeights] : [];
  for (const file of ['last.safetensors', ...epochs.map(keptWeights), ...taught, 'best.safetensors']) {
    const target = folder.file(to, file);
    try {
      await mkdir(folder.file(to), { recursive: true });
      await copyFile(folder.file(from, file), target);
    } catch (cause) {
      throw writeFailed(target, cause);
    }
  }
}

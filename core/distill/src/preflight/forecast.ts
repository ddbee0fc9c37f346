// Forecasts time and memory of a run from a few real training steps, whose results are discarded.
import { performance } from 'node:perf_hooks';
import type { Engine, HostTensors, Optimizer, RandomStream } from '@potstill/engine';
import type { Batch, Finding, GraphTeacher, Student } from '../contracts/index.js';
import { definitionOf } from '../train/definition.js';
import { createObjective, type WeightedLoss } from '../train/objective.js';
import { keepVariables } from './keep-variables.js';

export interface ForecastInput {
  readonly engine: Engine;
  readonly student: Student;
  readonly inputs: readonly string[];
  /** Created for the forecast: their variables may change. */
  readonly losses: readonly WeightedLoss[];
  /** The teacher, where it is computed in the step. */
  readonly taughtBy: GraphTeacher | undefined;
  readonly optimizer: Optimizer;
  readonly random: RandomStream;
  readonly batch: Batch;
  readonly teacherOutputs: HostTensors;
  /** Milliseconds the teacher took for that batch; 0 without teacher. */
  readonly teacherMs: number;
  readonly epochs: number;
  readonly examples: number;
  /** 2 with a baseline. */
  readonly trainings: number;
  /** Whether the teacher's outputs are kept between epochs. */
  readonly kept: boolean;
}

const timedSteps = 5;

/**
 * Compiles the training step and runs a few updates at rate 0. Weights, random streams and checkpoints are left
 * unchanged, so the result of the run does not depend on the forecast.
 */
export async function forecast(input: ForecastInput): Promise<Finding & { readonly seconds: number }> {
  const { engine, student, inputs, losses, optimizer, random, batch, teacherOutputs, taughtBy } = input;
  const objective = createObjective(student, inputs, losses, taughtBy);
  const restore = keepVariables(objective.variables);
  const session = await engine.training(definitionOf(objective, { optimizer, random }));
  const times: number[] = [];
  let compileMs = 0;
  try {
    for (let step = 0; step <= timedSteps; step++) {
      const start = performance.now();
      const feed = objective.feed(batch, teacherOutputs, {
        step,
        steps: timedSteps + 1,
        stepsPerEpoch: timedSteps + 1,
      });
      await session.train(feed, {
        rate: 0,
        rates: Object.fromEntries(objective.groups.map(({ name }) => [name, 0])),
      });
      const took = performance.now() - start;
      if (step === 0) compileMs = took;
      else times.push(took);
    }
  } finally {
    await session.dispose();
    restore();
  }
  const stepMs = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] as number;
  const stepsPerEpoch = Math.ceil(input.examples / batch.size);
  const steps = stepsPerEpoch * input.epochs * input.trainings;
  const labelled = stepsPerEpoch * (input.kept ? 1 : input.epochs);
  const seconds = (compileMs * input.trainings + stepMs * steps + input.teacherMs * labelled) / 1000;

  const perExample = bytesOf(teacherOutputs) / Math.max(1, batch.size);
  const memory = process.memoryUsage().rss + (input.kept ? perExample * input.examples : 0);
  return {
    level: 'ok',
    code: 'forecast',
    seconds,
    message:
      `training takes about ${duration(seconds)}: ${steps.toLocaleString('en')} steps of ${stepMs.toFixed(1)} ms` +
      (input.teacherMs > 0
        ? `, the teacher ${input.teacherMs.toFixed(1)} ms for each of ${labelled.toLocaleString('en')} batches`
        : '') +
      `; memory about ${(memory / 2 ** 30).toFixed(1)} GB`,
  };
}

function bytesOf(tensors: HostTensors): number {
  return Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

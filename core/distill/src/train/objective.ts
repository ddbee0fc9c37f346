// What a training minimises: the weighted sum of its losses, as a function of named inputs, and how those are fed.
import * as tf from '@tensorflow/tfjs-core';
import type {
  HostTensor,
  HostTensors,
  LossTerms,
  NamedTensors,
  NamedVariable,
  StepContext,
} from '@potstill/engine';
import type { Batch, GraphTeacher, Loss, Schedule, ScheduleAt, Student } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import {
  askedOutputs,
  facedOutputs,
  learnersOf,
  stepTeacher,
  studentLearner,
  taughtVariables,
} from './learners.js';

/** A loss as a training uses it. `name` labels it in logs and reports; unique in the training. */
export interface WeightedLoss {
  readonly name: string;
  readonly loss: Loss;
  readonly weight: number | Schedule;
  /** The peer that it trains. Default: the recipe's student. */
  readonly learner?: string;
  /** The learner that it has as a teacher; only where learners teach each other. */
  readonly facing?: string;
}

export interface Objective {
  /**
   * The student's variables, then those of a teacher in the graph as `teacher/<variable>` and of peers as `peers/<name>/<variable>`,
   * then those of the losses as `losses/<name>/<variable>`.
   */
  readonly variables: readonly NamedVariable[];
  /** Outputs that are fed: the teacher's, or those of the one that a teacher in the graph asks. Empty: no teacher is asked. */
  readonly teacherOutputs: readonly string[];
  /** Inputs as {@link feed} names them to the total and, as `loss.<name>`, each loss before its weight. */
  loss(inputs: NamedTensors, at: StepContext): LossTerms;
  /** The inputs of one step: `batch.*`, `teacher.*`, `weight.*`, `progress.*`, and `batch-index` where a loss reads it. */
  feed(batch: Batch, teacher: HostTensors, at: ScheduleAt): HostTensors;
}

/** Value of a number or schedule. */
export function valueAt(value: number | Schedule, at: ScheduleAt): number {
  return typeof value === 'number' ? value : value(at);
}

/**
 * The total of a student's losses: sum of weight x loss. `inputs` are the fields that the student takes, `taughtBy` is a teacher
 * that is computed in the step; where no loss reads it, it is left out.
 */
export function createObjective(
  student: Student,
  inputs: readonly string[],
  losses: readonly WeightedLoss[],
  taughtBy?: GraphTeacher,
): Objective {
  const fields = [...new Set([...inputs, ...losses.flatMap(({ loss }) => loss.needs.batch)])].sort();
  const read = [...new Set(losses.flatMap(({ loss }) => loss.needs.teacher))].sort();
  const graph = read.length > 0 || losses.some(({ learner }) => learner) ? taughtBy : undefined;
  const learners = learnersOf(student, graph);
  const faced = new Set(facedOutputs(student, graph));
  const readOfTeacher = read.filter((name) => !faced.has(name));
  const teacherOutputs = [...askedOutputs(graph, readOfTeacher)].sort();
  const indexed = losses.some(({ loss }) => loss.needs.index === true);
  const ofLosses = losses.flatMap(({ name, loss }) =>
    (loss.variables ?? []).map((variable) => ({ ...variable, name: `losses/${name}/${variable.name}` })),
  );
  return {
    variables: [...student.variables, ...taughtVariables(graph), ...ofLosses],
    teacherOutputs,
    loss(tensors, at) {
      const batch = under('batch.', tensors);
      const given = pick(batch, inputs);
      const outputs = new Map(
        Array.from(learners, ([name, learner]) => [name, learner.forward(given, at)] as const),
      );
      const progress = {
        step: scalar(tensors, 'progress.step'),
        epoch: scalar(tensors, 'progress.epoch'),
        fraction: scalar(tensors, 'progress.fraction'),
      };
      const teacher = stepTeacher({
        graph,
        inputs: given,
        outputs,
        asked: under('teacher.', tensors),
        progress,
        at,
        read: readOfTeacher,
      });
      const index = tensors['batch-index'] as tf.Tensor1D | undefined;
      const terms: Record<string, tf.Scalar> = {};
      let total: tf.Scalar | undefined;
      for (const { name, loss, learner = studentLearner, facing } of losses) {
        const term = loss.compute({
          student: outputs.get(learner) ?? {},
          teacher: teacher(facing),
          batch,
          progress,
          at,
          ...(loss.needs.index && index ? { index } : {}),
        });
        terms[`loss.${name}`] = term;
        const weighted = tf.mul<tf.Scalar>(term, scalar(tensors, `weight.${name}`));
        total = total ? tf.add<tf.Scalar>(total, weighted) : weighted;
      }
      if (!total) throw new Error('internal: a training without losses');
      return { loss: total, ...terms };
    },
    feed(batch, teacher, at) {
      const tensors: Record<string, HostTensor> = {
        'progress.step': number(at.step),
        'progress.epoch': number(at.step / at.stepsPerEpoch),
        'progress.fraction': number(at.steps === 0 ? 0 : at.step / at.steps),
      };
      for (const { name, weight } of losses) tensors[`weight.${name}`] = number(valueAt(weight, at));
      if (indexed)
        tensors['batch-index'] = {
          dtype: 'int32',
          shape: [batch.size],
          data: Int32Array.from(batch.indices),
        };
      for (const field of fields) {
        tensors[`batch.${field}`] = need(batch.tensors, field, 'batch', 'data set');
        // Padded axes come with their true lengths.
        const length = batch.tensors[`${field}.length`];
        if (length) tensors[`batch.${field}.length`] = length;
      }
      for (const output of teacherOutputs) {
        tensors[`teacher.${output}`] = need(teacher, output, 'teacher output', 'teacher');
        const length = teacher[`${output}.length`];
        if (length) tensors[`teacher.${output}.length`] = length;
      }
      return tensors;
    },
  };
}

function need(tensors: HostTensors, name: string, what: string, who: string): HostTensor {
  const found = tensors[name];
  if (found) return found;
  throw new PotstillError({
    code: 'RECIPE_LOSS_NEEDS',
    message: `the ${what} \`${name}\`, which a loss or the student reads, is not among what the ${who} gave`,
    allowed: Object.keys(tensors).sort(),
  });
}

function number(value: number): HostTensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

function scalar(tensors: NamedTensors, name: string): tf.Scalar {
  const found = tensors[name];
  if (!found) throw new Error(`internal: the step has no input \`${name}\``);
  return tf.reshape(found, []);
}

function under(prefix: string, tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
}

/** The fields named, with their `.length`s. */
function pick(tensors: NamedTensors, names: readonly string[]): NamedTensors {
  const wanted = new Set(names.flatMap((name) => [name, `${name}.length`]));
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => wanted.has(name)));
}

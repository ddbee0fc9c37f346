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
import type { Batch, Loss, Schedule, ScheduleAt, Student } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

/** A loss as a training uses it. `name` labels it in logs and reports; unique in the training. */
export interface WeightedLoss {
  readonly name: string;
  readonly loss: Loss;
  readonly weight: number | Schedule;
}

export interface Objective {
  /** The student's variables, then those of the losses as `losses/<name>/<variable>`. */
  readonly variables: readonly NamedVariable[];
  /** Teacher outputs that are fed. Empty: no teacher is asked. */
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

/** The total of a student's losses: sum of weight x loss. `inputs` are the fields that the student takes. */
export function createObjective(
  student: Student,
  inputs: readonly string[],
  losses: readonly WeightedLoss[],
): Objective {
  const fields = [...new Set([...inputs, ...losses.flatMap(({ loss }) => loss.needs.batch)])].sort();
  const teacherOutputs = [...new Set(losses.flatMap(({ loss }) => loss.needs.teacher))].sort();
  const indexed = losses.some(({ loss }) => loss.needs.index === true);
  const ofLosses = losses.flatMap(({ name, loss }) =>
    (loss.variables ?? []).map((variable) => ({ ...variable, name: `losses/${name}/${variable.name}` })),
  );
  return {
    variables: [...student.variables, ...ofLosses],
    teacherOutputs,
    loss(tensors, at) {
      const batch = under('batch.', tensors);
      const outputs = student.forward(pick(batch, inputs), at);
      const progress = {
        step: scalar(tensors, 'progress.step'),
        epoch: scalar(tensors, 'progress.epoch'),
        fraction: scalar(tensors, 'progress.fraction'),
      };
      const teacher = under('teacher.', tensors);
      const index = tensors['batch-index'] as tf.Tensor1D | undefined;
      const terms: Record<string, tf.Scalar> = {};
      let total: tf.Scalar | undefined;
      for (const { name, loss } of losses) {
        const term = loss.compute({
          student: outputs,
          teacher,
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

// What a training minimises: the weighted sum of its losses, as a function of named inputs, and how those are fed.
import * as tf from '@tensorflow/tfjs-core';
import type {
  HostTensor,
  HostTensors,
  LossTerms,
  NamedTensors,
  NamedVariable,
  Optimizer,
  StepContext,
  TrainingGroup,
  Turns,
} from '@potstill/engine';
import type {
  Batch,
  GraphTeacher,
  Loss,
  LossInputs,
  Schedule,
  ScheduleAt,
  Student,
} from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { Balance, WeightedTerm } from './balance.js';
import { lossGroups, ownTerm } from './loss-groups.js';
import { valueAt } from './value-at.js';
import {
  askedOutputs,
  facedOutputs,
  learnersOf,
  liveTeacher,
  readsTeacher,
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
  /** Of its own variables. Default: as the loss says, else as the student's. */
  readonly optimizer?: Optimizer;
  readonly rate?: number | Schedule;
}

/** Variables of a loss that are trained apart from the student's. Without an optimizer: by one like the student's. */
export type LossGroup = Omit<TrainingGroup, 'optimizer'> & { readonly optimizer: Optimizer | undefined };

export interface Objective {
  /**
   * The student's variables, then those of a teacher in the graph as `teacher/<variable>` and of peers as `peers/<name>/<variable>`,
   * then those of the losses as `losses/<name>/<variable>`, and of the balance between them as `balance/<variable>`.
   */
  readonly variables: readonly NamedVariable[];
  /** Outputs that are fed: the teacher's, or those of the one that a teacher in the graph asks. Empty: no teacher is asked. */
  readonly teacherOutputs: readonly string[];
  readonly groups: readonly LossGroup[];
  /** When the student is trained. */
  readonly turns: Turns | undefined;
  /** Learning rates of groups that have one of their own. */
  readonly rates: (at: ScheduleAt) => Readonly<Record<string, number>>;
  /**
   * Inputs as {@link feed} names them to the total and, as `loss.<name>`, each loss before its weight; as `own.<name>` what the variables of
   * a loss minimise, as `balance.<name>` factors that balance themselves. `apart`: also what of the total is the `task`, without the teacher,
   * and what `distillation`.
   */
  readonly loss: (inputs: NamedTensors, at: StepContext, apart?: boolean) => LossTerms;
  /** The inputs of one step: `batch.*`, `teacher.*`, `weight.*`, `progress.*`, and `batch-index` where a loss reads it. */
  feed(batch: Batch, teacher: HostTensors, at: ScheduleAt): HostTensors;
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
  balance?: Balance,
): Objective {
  const fields = [...new Set([...inputs, ...losses.flatMap(({ loss }) => loss.needs.batch)])].sort();
  const read = [...new Set(losses.flatMap(({ loss }) => loss.needs.teacher))].sort();
  const graph = losses.some(({ loss, learner }) => readsTeacher(loss) || learner) ? taughtBy : undefined;
  const learners = learnersOf(student, graph);
  const faced = new Set(facedOutputs(student, graph));
  const readOfTeacher = read.filter((name) => !faced.has(name));
  const teacherOutputs = [...askedOutputs(graph, readOfTeacher)].sort();
  const indexed = losses.some(({ loss }) => loss.needs.index === true);
  const ofLosses = losses.flatMap(({ name, loss }) =>
    (loss.variables ?? []).map((variable) => ({ ...variable, name: `losses/${name}/${variable.name}` })),
  );
  const ofBalance = (balance?.variables ?? []).map((each) => ({ ...each, name: `balance/${each.name}` }));
  const { groups, turns, rates } = lossGroups(losses);
  // What no loss asks for, as where examples are generated, is not computed.
  const runs = losses.some(({ loss }) => loss.needs.student.length > 0) || (graph && !graph.fixed);
  return {
    variables: [...student.variables, ...taughtVariables(graph), ...ofLosses, ...ofBalance],
    groups,
    turns,
    rates,
    teacherOutputs,
    loss(tensors, at, apart = false) {
      const batch = under('batch.', tensors);
      const given = pick(batch, inputs);
      const outputs = new Map(
        runs ? Array.from(learners, ([name, learner]) => [name, learner.forward(given, at)] as const) : [],
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
      const weighted: WeightedTerm[] = [];
      for (const { name, loss, learner = studentLearner, facing } of losses) {
        const models: LossInputs = {
          student: outputs.get(learner) ?? {},
          teacher: teacher(facing),
          batch,
          progress,
          at,
          ...(loss.needs.index && index ? { index } : {}),
          run: {
            student: (own) => (learners.get(learner) ?? student).forward(own, at),
            teacher: (own) => liveTeacher(graph, own, progress, at),
          },
        };
        const term = loss.compute(models);
        terms[`loss.${name}`] = term;
        if (loss.own) terms[ownTerm(name)] = loss.own(models);
        weighted.push({ name, term: tf.mul<tf.Scalar>(term, scalar(tensors, `weight.${name}`)) });
      }
      const balanced = balance?.total(weighted);
      for (const [name, factor] of Object.entries(balanced?.factors ?? {})) terms[`balance.${name}`] = factor;
      if (apart) {
        const [task, distillation] = [false, true].map((distils) =>
          sumOf(weighted.filter((_, i) => readsTeacher((losses[i] as WeightedLoss).loss) === distils)),
        ) as [tf.Scalar, tf.Scalar];
        Object.assign(terms, { task, distillation });
      }
      return { ...terms, loss: balanced?.loss ?? sumOf(weighted) };
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

function sumOf(terms: readonly WeightedTerm[]): tf.Scalar {
  const [first, ...others] = terms.map(({ term }) => term);
  return first ? others.reduce((a, b) => tf.add<tf.Scalar>(a, b), first) : tf.scalar(0);
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

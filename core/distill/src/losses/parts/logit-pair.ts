// Losses that compare the student's logits with a teacher's, row by row: what all of them have in common.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type {
  AnyComponent,
  ComponentServices,
  Contexts,
  LossInputs,
  Method,
  NamedVariable,
} from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import {
  checkClasses,
  checkLabels,
  checkLogits,
  checkSamePositions,
  checkSameShape,
  pick,
  targetField,
} from './check.js';
import { logitRows } from './mask.js';
import { maskOption, positionsOf } from './positions.js';
import {
  temperatureOf,
  temperatureOption,
  type Softened,
  type Temperature,
  type TemperatureOption,
} from './temperature.js';

/** Logits of student and teacher as rows: an example, or a position of one. */
export interface LogitPair {
  /** The student's, float32 [rows, classes], prepared. Zeros where a row does not count. */
  readonly z: tf.Tensor2D;
  /** The teacher's, likewise. Nothing flows back to it. */
  readonly v: tf.Tensor2D;
  /** Both over the temperature, for losses that have one; as they are for others. */
  readonly soft: Softened;
  /** Class index of each row, int32 [rows], -1 where it has none; only for losses that read labels. */
  readonly labels: tf.Tensor1D | undefined;
  /** What each row counts in the mean, float32 [rows, 1], of sum 1; of 0 where nothing counts. */
  readonly share: tf.Tensor2D;
  /** Mean over the rows that count of one number a row, [rows] or [rows, 1]. */
  readonly mean: (each: tf.Tensor) => tf.Scalar;
  readonly inputs: LossInputs;
  /** The tensors as they came, for losses that look beyond rows, and the mask of their leading axes. */
  readonly whole: {
    readonly student: tf.Tensor;
    readonly teacher: tf.Tensor;
    readonly mask: tf.Tensor | undefined;
  };
}

/** What `create` of a loss on logits gives. */
export interface LogitPairLoss {
  readonly variables?: readonly NamedVariable[];
  /** Needs the examples' indices in the training data. */
  readonly index?: boolean;
  /** Outputs that it reads beside the logits: from `inputs`. */
  readonly reads?: { readonly student: readonly string[]; readonly teacher: readonly string[] };
  compute(pair: LogitPair): tf.Scalar;
}

interface Definition<S extends z.ZodRawShape> {
  readonly help: string;
  readonly method?: Method;
  /** Options of its own; `student`, `teacher`, `mask`, with `labels` `target` and with `temperature` that are added. */
  readonly options: S;
  /** Has a temperature: its published default. */
  readonly temperature?: number;
  /** What both logits, as rows, go through before the temperature. */
  readonly prepare?: (logits: tf.Tensor2D) => tf.Tensor2D;
  /** Reads the truth: rows without a label do not count. */
  readonly labels?: boolean;
  /** Student and teacher may have other classes. */
  readonly otherClasses?: boolean;
  create(
    options: z.output<z.ZodObject<S>>,
    context: Contexts['loss'] & { readonly services: ComponentServices },
  ): LogitPairLoss;
}

const output = (whose: string) =>
  z.string().default('logits').describe(`The ${whose}’s output with the logits, [batch, ..., classes].`);

const ownOptions = { student: output('student'), teacher: output('teacher'), mask: maskOption };

export const targetOption = z
  .string()
  .optional()
  .describe(
    'The field with the class index, int32 [batch, ...]; rows of -1 are not counted. Default: the target that the data set names.',
  );

type OwnOptions = {
  readonly student: string;
  readonly teacher: string;
  readonly mask?: string;
  readonly target?: string;
  readonly temperature?: TemperatureOption;
};

/**
 * A loss component on the logits of student and teacher. Both are [batch, ..., classes] of one shape; padding, rows that a
 * `mask` leaves out and, for losses that read labels, rows without one do not count.
 */
export function logitPairLoss<S extends z.ZodRawShape>(
  name: string,
  definition: Definition<S>,
): AnyComponent {
  const { help, method, labels = false, otherClasses = false, prepare = (x) => x } = definition;
  return loss(name, {
    help,
    ...(method ? { method } : {}),
    needsTeacher: true,
    options: z.strictObject({
      ...definition.options,
      ...(definition.temperature === undefined
        ? {}
        : { temperature: temperatureOption(definition.temperature) }),
      ...ownOptions,
      ...(labels ? { target: targetOption } : {}),
    }),
    create(given, services, context) {
      // The type of spread shapes is beyond what can be inferred; zod has checked the values.
      const options = given as unknown as OwnOptions & z.output<z.ZodObject<S>>;
      const { data, student, teacher } = context;
      if (!otherClasses)
        checkClasses(
          name,
          { outputs: student.outputs, output: options.student },
          { outputs: teacher?.outputs, output: options.teacher },
        );
      const target = labels ? targetField(name, options.target, data.target) : undefined;
      const positions = positionsOf(name, {
        data,
        outputs: student.outputs,
        output: options.student,
        target,
        mask: options.mask,
      });
      const made = definition.create(options, { ...context, services });
      const temperature = temperatureOf(options.temperature ?? 1);
      const variables = [...(made.variables ?? []), ...temperature.variables];
      return {
        needs: {
          student: [...new Set([options.student, ...positions.student, ...(made.reads?.student ?? [])])],
          teacher: [...new Set([options.teacher, ...(made.reads?.teacher ?? [])])],
          batch: [...(target === undefined ? [] : [target]), ...positions.batch],
          ...(made.index ? { index: true } : {}),
        },
        ...(variables.length > 0 ? { variables } : {}),
        compute(at) {
          const own = pick(name, 'student', at.student, options.student);
          const theirs = pick(name, 'teacher', at.teacher, options.teacher);
          checkLogits(name, 'student', own);
          checkLogits(name, 'teacher', theirs);
          if (otherClasses) checkSamePositions(name, own, theirs);
          else checkSameShape(name, own, theirs);
          const truth = target === undefined ? undefined : pick(name, 'batch', at.batch, target);
          if (truth) checkLabels(name, truth, own);
          const mask = positions.mask(at, own.shape.slice(0, -1));
          return made.compute(pairOf({ own, theirs, truth, mask, inputs: at, temperature, prepare }));
        },
      };
    },
  });
}

function pairOf(given: {
  readonly own: tf.Tensor;
  readonly theirs: tf.Tensor;
  readonly truth: tf.Tensor | undefined;
  readonly mask: tf.Tensor | undefined;
  readonly inputs: LossInputs;
  readonly temperature: Temperature;
  readonly prepare: (logits: tf.Tensor2D) => tf.Tensor2D;
}): LogitPair {
  const { own, theirs, truth, inputs } = given;
  const mask = truth ? withLabels(truth, own.shape.at(-1) ?? 1, given.mask) : given.mask;
  const { rows, flat, share, mean: meanOfRows } = logitRows(own.shape, mask);
  const mean = (each: tf.Tensor): tf.Scalar => tf.reshape(meanOfRows(tf.reshape(each, [rows, 1])), []);
  // The classes may differ, and with them the shape of a row.
  const rowsOf = own.shape.join() === theirs.shape.join() ? flat : logitRows(theirs.shape, mask).flat;
  const [z, v] = [given.prepare(flat(own)), given.prepare(rowsOf(theirs))];
  return {
    z,
    v,
    soft: given.temperature.soften({ z, v, mean, inputs }),
    labels: truth && tf.reshape(truth, [rows]),
    share: (share[0] ?? tf.fill([rows, 1], 1 / rows)) as tf.Tensor2D,
    mean,
    inputs,
    whole: { student: own, teacher: theirs, mask },
  };
}

/** Rows that have a label among the classes, within the mask. */
export function withLabels(truth: tf.Tensor, classes: number, mask: tf.Tensor | undefined): tf.Tensor {
  const known = tf.cast(tf.logicalAnd(tf.greaterEqual(truth, 0), tf.less(truth, classes)), 'float32');
  return mask ? tf.mul(known, tf.cast(mask, 'float32')) : known;
}

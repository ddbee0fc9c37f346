// Losses of the student's logits and the data's class indices, row by row: what all of them have in common.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent, Contexts, LossInputs, Method } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { checkLabels, checkLogits, pick, targetField } from './check.js';
import { withLabels, targetOption } from './logit-pair.js';
import { logitRows } from './mask.js';
import { oneHot } from './one-hot.js';
import { maskOption, positionsOf } from './positions.js';

/** Logits and labels as rows: an example, or a position of one. */
export interface LabelledRows {
  /** float32 [rows, classes]. Zeros where a row does not count. */
  readonly z: tf.Tensor2D;
  /** float32 [rows, classes]: 1 at the label. */
  readonly target: tf.Tensor2D;
  /** Mean over the rows that count of one number a row, [rows] or [rows, 1]. */
  readonly mean: (each: tf.Tensor) => tf.Scalar;
  readonly inputs: LossInputs;
}

const studentOption = z
  .string()
  .default('logits')
  .describe('The student’s output with the logits, [batch, ..., classes].');

/**
 * A loss component on logits [batch, ..., classes] and class indices int32 [batch, ...]. Padding, rows that a `mask` leaves out
 * and rows whose label is no class, such as -1, do not count.
 */
export function labelLoss<S extends z.ZodRawShape>(
  name: string,
  definition: {
    readonly help: string;
    readonly method: Method;
    /** Options of its own; `student`, `target` and `mask` are added. */
    readonly options: S;
    create(options: z.output<z.ZodObject<S>>, context: Contexts['loss']): (rows: LabelledRows) => tf.Scalar;
  },
): AnyComponent {
  const { help, method } = definition;
  return loss(name, {
    help,
    method,
    options: z.strictObject({
      ...definition.options,
      student: studentOption,
      target: targetOption,
      mask: maskOption,
    }),
    create(given, _services, context) {
      // The type of spread shapes is beyond what can be inferred; zod has checked the values.
      const options = given as unknown as { student: string; target?: string; mask?: string } & z.output<
        z.ZodObject<S>
      >;
      const { data, student } = context;
      const target = targetField(name, options.target, data.target);
      const positions = positionsOf(name, {
        data,
        outputs: student.outputs,
        output: options.student,
        target,
        mask: options.mask,
      });
      const compute = definition.create(options, context);
      return {
        needs: {
          student: [options.student, ...positions.student],
          teacher: [],
          batch: [target, ...positions.batch],
        },
        compute(at) {
          const logits = pick(name, 'student', at.student, options.student);
          const labels = pick(name, 'batch', at.batch, target);
          checkLogits(name, 'student', logits);
          checkLabels(name, labels, logits);
          const classes = logits.shape.at(-1) ?? 1;
          const mask = withLabels(labels, classes, positions.mask(at, labels.shape));
          const { rows, flat, mean } = logitRows(logits.shape, mask);
          return compute({
            z: flat(logits),
            target: oneHot(tf.reshape(labels, [rows]), classes),
            mean: (each) => tf.reshape(mean(tf.reshape(each, [rows, 1])), []),
            inputs: at,
          });
        },
      };
    },
  });
}

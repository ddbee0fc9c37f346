// Where a loss finds out which positions of a padded output count.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { DataDescription, LossInputs, TensorSpec, TensorSpecs } from '../../contracts/index.js';
import { freeAxes, freeAxesOf, onlyAxis } from '../../data/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { pick } from './check.js';
import { lengthMask } from './mask.js';

export const maskOption = z
  .string()
  .optional()
  .describe(
    'The field that says which positions count, [batch, ...] as the target, or its first axes: 1 or true counts, 0 does not; other numbers are weights. Default: all. Padding never counts.',
  );

/** The positions of an output that count. */
export interface Positions {
  /** Fields of the batch that it reads. */
  readonly batch: readonly string[];
  /** Outputs of the student that it reads. */
  readonly student: readonly string[];
  /** The mask for an output of that shape, without its last axis; undefined where all positions count. */
  mask(at: Pick<LossInputs, 'batch' | 'student'>, shape: readonly number[]): tf.Tensor | undefined;
}

/** What is asked about an output. */
interface Wanted {
  readonly data: DataDescription;
  /** All outputs of the student. */
  readonly outputs: TensorSpecs;
  readonly output: string;
  readonly target?: string | undefined;
  /** A field of the batch. */
  readonly mask?: string | undefined;
}

/**
 * Finds the mask of an output [batch, ..., k]. Where an axis varies, positions count within the lengths of `target`; else
 * within those that the student gives as `<output>.length`; else within those of the data's axis of the same name (or of the
 * only one of their inputs, where the output's axis has no name). The field `mask` leaves out more of them, or weighs them.
 * @throws PotstillError LOSS_INVALID where an axis varies and neither a mask nor anything else says how long it is.
 */
export function positionsOf(loss: string, wanted: Wanted): Positions {
  const { mask } = wanted;
  const within = withinLengths(loss, wanted);
  if (mask === undefined) return within;
  return {
    batch: [mask, ...within.batch],
    student: within.student,
    mask(at, shape) {
      const own = checkMask(loss, mask, pick(loss, 'batch', at.batch, mask), shape);
      const lengths = within.mask(at, shape);
      return lengths ? tf.mul(tf.cast(own, 'float32'), lengths) : own;
    },
  };
}

function withinLengths(loss: string, { data, outputs, output, target, mask }: Wanted): Positions {
  const truth = target === undefined ? undefined : data.spec[target];
  if (target !== undefined && truth?.shape.includes(null))
    return fromBatch(loss, `${target}.length`, 0, axesOf(truth));
  const spec = outputs[output];
  const axes = spec ? axesOf(spec) : [];
  if (!spec || axes.length === 0) return everywhere;
  const own = `${output}.length`;
  if (outputs[own])
    return {
      batch: [],
      student: [own],
      mask: ({ student }, shape) => lengthMask(pick(loss, 'student', student, own), shape, axes),
    };
  return fromData(loss, data, output, spec, mask !== undefined);
}

const everywhere: Positions = { batch: [], student: [], mask: () => undefined };

function axesOf({ shape }: TensorSpec): number[] {
  return shape.flatMap((length, axis) => (length === null ? [axis] : []));
}

/** The lengths of the data's axes of the same names. `masked`: they need not be known. */
function fromData(
  loss: string,
  data: DataDescription,
  output: string,
  spec: TensorSpec,
  masked: boolean,
): Positions {
  const there = freeAxes(data.spec);
  const names = new Set(there.map(({ name }) => name));
  const only = onlyAxis(data);
  const sources = freeAxesOf(output, spec).flatMap(({ axis, name }) => {
    const found = there.find((each) => each.name === (spec.free ? name : (only ?? name)));
    if (found) return [{ axis, found }];
    if (masked) return [];
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: `${loss}: nothing says how long the axis \`${name}\` of the student's \`${output}\` is`,
      hint:
        names.size === 0
          ? `Give the option \`mask\`, or let the student give \`${output}.length\`.`
          : `The data's axes are ${[...names].join(', ')}: name the student's axis so (\`free\` of its output), give the option \`mask\`, or let the student give \`${output}.length\`.`,
    });
  });
  if (sources.length === 0) return everywhere;
  const parts = sources.map(({ axis, found }) => {
    const own = freeAxesOf(found.field, data.spec[found.field] as TensorSpec);
    return fromBatch(
      loss,
      `${found.field}.length`,
      own.findIndex((each) => each.axis === found.axis),
      [axis],
    );
  });
  return {
    batch: [...new Set(parts.flatMap(({ batch }) => batch))],
    student: [],
    mask: (at, shape) =>
      parts.map((part) => part.mask(at, shape) as tf.Tensor).reduce((all, each) => tf.mul(all, each)),
  };
}

/** Column `first` and following of a field of lengths, for these axes. */
function fromBatch(loss: string, field: string, first: number, axes: readonly number[]): Positions {
  return {
    batch: [field],
    student: [],
    mask({ batch }, shape) {
      const lengths = pick(loss, 'batch', batch, field);
      const own =
        lengths.shape.length === 1 || lengths.shape[1] === axes.length
          ? lengths
          : tf.slice(lengths, [0, first], [-1, axes.length]);
      return lengthMask(own, shape, axes);
    },
  };
}

/** A mask of the first axes alone is spread over the others. */
function checkMask(loss: string, name: string, mask: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (mask.shape.join() === shape.join()) return mask;
  const leading = shape.slice(0, mask.shape.length);
  if (mask.shape.join() === leading.join()) {
    const wide = tf.reshape(tf.cast(mask, 'float32'), [
      ...leading,
      ...shape.slice(leading.length).map(() => 1),
    ]);
    return tf.mul(wide, tf.ones([...shape]));
  }
  throw new PotstillError({
    code: 'LOSS_INVALID',
    message: `${loss}: the mask \`${name}\` has shape [${mask.shape}], expected [${shape}] or its first axes`,
    hint: 'A mask has one number for each position of the output.',
  });
}

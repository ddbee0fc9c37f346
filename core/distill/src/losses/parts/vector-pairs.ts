// Losses that compare how a batch's examples lie to each other in the student and in the teacher: what all of them have in common.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent, LossInputs, Method } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { pick } from './check.js';
import { layerPairs, pairOptions, type PairOptions } from './layer-pairs.js';
import { maskOption, positionsOf, type Positions } from './positions.js';

interface Definition<S extends z.ZodRawShape> {
  readonly help: string;
  readonly method: Method;
  /** Options of its own; `student`, `teacher`, `layers` and `mask` are added. */
  readonly options: S;
  /**
   * Student's `z` [batch, features] and teacher's `v` [batch, others] to a scalar: an example's layer as one vector. The widths
   * may differ.
   */
  readonly compute: (z: tf.Tensor2D, v: tf.Tensor2D, options: z.output<z.ZodObject<S>>) => tf.Scalar;
}

const defaults = { student: 'features', teacher: 'features' };

/**
 * A loss component on relations between examples. Layers may have any rank: each example's is one long vector, with 0 in
 * positions that are padding or that a `mask` leaves out (numbers other than 0 and 1 are factors). Several pairs add up.
 */
export function vectorPairLoss<S extends z.ZodRawShape>(
  name: string,
  { help, method, options: own, compute }: Definition<S>,
): AnyComponent {
  return loss(name, {
    help,
    method,
    needsTeacher: true,
    options: z.strictObject({ ...own, ...pairOptions('output of any rank', defaults), mask: maskOption }),
    create(given, _services, { data, student }) {
      // The type of spread shapes is beyond what can be inferred; zod has checked the values.
      const options = given as unknown as PairOptions & { mask?: string } & z.output<z.ZodObject<S>>;
      const pairs = layerPairs(name, options, defaults).map((pair) => ({
        ...pair,
        positions: positionsOf(name, {
          data,
          outputs: student.outputs,
          output: pair.student,
          mask: options.mask,
        }),
      }));
      return {
        needs: {
          student: [...new Set(pairs.flatMap((pair) => [pair.student, ...pair.positions.student]))],
          teacher: [...new Set(pairs.map((pair) => pair.teacher))],
          batch: [...new Set(pairs.flatMap(({ positions }) => positions.batch))],
        },
        compute: (at) =>
          tf.addN<tf.Scalar>(
            pairs.map((pair) => {
              const mine = pick(name, 'student', at.student, pair.student);
              const theirs = pick(name, 'teacher', at.teacher, pair.teacher);
              return compute(vectors(mine, pair.positions, at), vectors(theirs, pair.positions, at), options);
            }),
          ),
      };
    },
  });
}

/** [batch, ...] as [batch, features]. */
function vectors(layer: tf.Tensor, positions: Positions, at: LossInputs): tf.Tensor2D {
  const [batch = 1] = layer.shape;
  const mask = layer.rank > 2 ? positions.mask(at, layer.shape.slice(0, -1)) : undefined;
  return tf.reshape(mask ? masked(layer, mask) : layer, [batch, layer.size / batch]);
}

/** `layer` times the mask of its leading axes; 0 where that is 0, whatever stands there. */
function masked(layer: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const weights = tf.reshape(tf.cast(mask, 'float32'), [...mask.shape, 1]);
  return tf.mul(tf.where(tf.greater(weights, 0), layer, tf.zerosLike(layer)), weights);
}

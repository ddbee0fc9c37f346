// Losses that compare attention of the student with a teacher's, layer by layer: what all of them have in common.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent, Contexts, LossInputs, Method } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { loss } from '../../plugin/define.js';
import { pick } from './check.js';
import { layerPairs, pairOptions, type PairOptions } from './layer-pairs.js';
import { maskOption, positionsOf, type Positions } from './positions.js';

/** Attention of one layer, after `heads`. */
export interface AttentionPair {
  /** Float32 [batch, heads, length, length], queries before keys; 0 where either is left out. */
  readonly student: tf.Tensor4D;
  /** Likewise. Nothing flows back to it. */
  readonly teacher: tf.Tensor4D;
  /** What a query counts, [batch, 1, length, 1]; 0 for padding. */
  readonly queries: tf.Tensor4D;
  /** What a key counts, [batch, 1, 1, length]; 0 for padding. */
  readonly keys: tf.Tensor4D;
}

type Heads = 'each' | 'mean' | 'sum';

interface Definition<S extends z.ZodRawShape, H extends readonly Heads[]> {
  readonly help: string;
  readonly method: Method;
  /** Options of its own; `heads`, `student`, `teacher`, `layers` and `mask` are added. */
  readonly options: S;
  /** What may be done with the heads; the first is the default. */
  readonly heads: H;
  readonly compute: (pair: AttentionPair, options: z.output<z.ZodObject<S>>) => tf.Scalar;
}

const words: Record<Heads, string> = {
  each: 'each head with the teacher’s of the same number',
  mean: 'their mean',
  sum: 'their sum',
};

/** A loss component on attention [batch, heads, length, length]. Padded positions and those that a `mask` leaves out do not count. */
export function attentionPairLoss<S extends z.ZodRawShape, H extends readonly Heads[]>(
  name: string,
  { help, method, options: own, heads, compute }: Definition<S, H>,
): AnyComponent {
  const headsOption = z
    .enum(heads)
    .default(heads[0] as never)
    .describe(
      `What is compared: ${heads.map((each) => `\`${each}\`, ${words[each]}`).join('; ')}. Numbers of heads may differ but for \`each\`.`,
    );
  return loss(name, {
    help,
    method,
    needsTeacher: true,
    options: z.strictObject({
      ...own,
      heads: headsOption,
      ...pairOptions('attention, [batch, heads, length, length]'),
      mask: maskOption,
    }),
    create(given, _services, context) {
      // The type of spread shapes is beyond what can be inferred; zod has checked the values.
      const options = given as unknown as PairOptions & { heads: Heads; mask?: string } & z.output<
          z.ZodObject<S>
        >;
      const pairs = layerPairs(name, options).map((pair) => ({
        ...pair,
        positions: tokensOf(name, context, pair.student, options.mask),
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
              const student = pick(name, 'student', at.student, pair.student);
              const teacher = pick(name, 'teacher', at.teacher, pair.teacher);
              checkAttention(name, { student, teacher }, options.heads);
              return compute(pairOf(at, { student, teacher }, pair.positions, options.heads), options);
            }),
          ),
      };
    },
  });
}

/** Positions of the queries of an output [heads, length, length]; keys are the same tokens. */
function tokensOf(
  name: string,
  { data, student: { outputs } }: Contexts['loss'],
  output: string,
  mask: string | undefined,
): Positions {
  const spec = outputs[output];
  if (spec === undefined) return positionsOf(name, { data, outputs, output, mask });
  const queries = { dtype: spec.dtype, shape: [spec.shape[1] ?? null, 1] };
  const named = spec.free ? { ...queries, free: spec.free.slice(0, 1) } : queries;
  return positionsOf(name, { data, outputs: { [output]: named }, output, mask });
}

function pairOf(
  at: LossInputs,
  { student, teacher }: { readonly student: tf.Tensor; readonly teacher: tf.Tensor },
  positions: Positions,
  heads: Heads,
): AttentionPair {
  const [batch = 1, , length = 1] = student.shape;
  const mask = positions.mask(at, [batch, length]);
  const weights = mask ? tf.cast(mask, 'float32') : tf.ones([batch, length]);
  const queries = tf.reshape<tf.Rank.R4>(weights, [batch, 1, length, 1]);
  const keys = tf.reshape<tf.Rank.R4>(weights, [batch, 1, 1, length]);
  const within = (attention: tf.Tensor) => {
    const merged =
      heads === 'each'
        ? attention
        : heads === 'sum'
          ? tf.sum(attention, 1, true)
          : tf.mean(attention, 1, true);
    if (mask === undefined) return merged as tf.Tensor4D;
    return tf.where(tf.greater(tf.mul(queries, keys), 0), merged, tf.zerosLike(merged)) as tf.Tensor4D;
  };
  return { student: within(student), teacher: within(teacher), queries, keys };
}

function checkAttention(
  name: string,
  { student, teacher }: { readonly student: tf.Tensor; readonly teacher: tf.Tensor },
  heads: Heads,
): void {
  for (const [whose, { shape }] of Object.entries({ student, teacher }))
    if (shape.length !== 4 || shape[2] !== shape[3])
      fail(
        `${name}: the ${whose}'s attention has shape [${shape}], expected [batch, heads, length, length]`,
        'Name outputs that are attention.',
      );
  if (student.shape[2] !== teacher.shape[2])
    fail(
      `${name}: the student attends over ${student.shape[2]} positions, the teacher over ${teacher.shape[2]}`,
      'Both must read the same tokens.',
    );
  if (heads === 'each' && student.shape[1] !== teacher.shape[1])
    fail(
      `${name}: the student has ${student.shape[1]} heads, the teacher ${teacher.shape[1]}`,
      'Compare their mean: `heads: mean`.',
    );
}

function fail(message: string, hint: string): never {
  throw new PotstillError({ code: 'LOSS_INVALID', message, hint });
}

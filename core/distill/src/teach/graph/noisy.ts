// The teacher `noisy`: another teacher whose logits are disturbed (Sau & Balasubramanian 2016, "Deep model compression: distilling knowledge from noisy teachers").
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { StepContext } from '../../contracts/index.js';
import { fingerprint } from '../../data/index.js';
import { aboutOption } from '../../errors/option.js';
import { teacher } from '../../plugin/define.js';
import { teacherInvalid } from '../invalid.js';

/**
 * `(1 + xi) * logits` with `xi` normal, of that deviation, for a share of the examples, drawn anew in each step; the others
 * stay as they are (section 3). Axis 0 is that of the examples.
 */
export function disturbed(
  logits: tf.Tensor,
  deviation: number,
  share: number,
  { random }: Pick<StepContext, 'random'>,
): tf.Tensor {
  const [examples = 1, ...rest] = logits.shape;
  const chosen = tf.cast(tf.less(random.uniform([examples, ...rest.map(() => 1)]), share), 'float32');
  const xi = tf.mul(random.normal(logits.shape), deviation);
  return tf.mul(logits, tf.add(tf.mul(xi, chosen), 1));
}

export const noisyTeacher = teacher('noisy', {
  help: 'another teacher whose logits are disturbed in each step anew (Sau & Balasubramanian 2016)',
  method: {
    paper: 'Sau & Balasubramanian 2016: Deep Model Compression: Distilling Knowledge from Noisy Teachers',
    url: 'https://arxiv.org/abs/1610.09650',
    formula: 'v (1 + xi), xi normal, for a share of the examples of each step',
    family: 'schemes',
    student: [],
    teacher: [],
    aliases: { papers: ['noisy teacher'], KD_Lib: ['NoisyTeacher'] },
    example: { use: 'noisy', teacher: 'other' },
  },
  outputs: { NAME: 'the output NAME of the other teacher' },
  options: z.strictObject({
    teacher: z
      .union([z.string(), z.looseObject({ use: z.string() })])
      .describe('The other teacher, as a recipe writes it.'),
    output: z.string().default('logits').describe('The output that is disturbed.'),
    deviation: z
      .number()
      .min(0)
      .default(0.5)
      .describe('Standard deviation of the noise, in shares of the logit.'),
    share: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Probability that an example’s logits are disturbed.'),
  }),
  async create({ teacher: reference, output, deviation, share }, services, context) {
    const inner = await aboutOption('teacher', () => services.make('teacher', reference, context));
    if (inner.graph || inner.outputs[output]?.dtype !== 'float32') {
      await inner.dispose();
      throw teacherInvalid(
        inner.graph
          ? 'the teacher `noisy` disturbs the answers of a teacher that is asked, not of one that is computed in the step'
          : `the teacher has no output \`${output}\` of numbers; it answers with ${Object.keys(inner.outputs).join(', ')}`,
      );
    }
    const { graph: _graph, combination: _combination, ...plain } = inner;
    return {
      ...plain,
      fingerprint: fingerprint('noisy', inner.fingerprint, `${output} ${deviation} ${share}`),
      label: (batch) => inner.label(batch),
      dispose: () => inner.dispose(),
      graph: {
        variables: [],
        fixed: true,
        asked: { teacher: inner, needs: (outputs) => outputs },
        forward({ asked, at }) {
          const logits = asked[output];
          return logits ? { ...asked, [output]: disturbed(logits, deviation, share, at) } : asked;
        },
      },
    };
  },
});

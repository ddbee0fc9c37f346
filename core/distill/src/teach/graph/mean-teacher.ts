// The teacher `mean-teacher`: a running average of the student's weights (Tarvainen & Valpola 2017).
import { stopGradient } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { NamedTensors, NamedVariable, Progress, StepContext, Student } from '../../contracts/index.js';
import { fingerprint } from '../../data/index.js';
import { teacher } from '../../plugin/define.js';
import { teacherInvalid } from '../invalid.js';
import { inStepTeacher } from './in-step.js';
import { taughtStudent } from './taught.js';

interface Averaging {
  readonly decay: number;
  readonly rampUp: boolean;
  /** Whether the average runs in training mode, with statistics of its own. */
  readonly dropout: boolean;
}

/**
 * Moves the average to where it is after so many updates: `a = d a + (1 - d) w` once for each update, with
 * `d = min(1 - 1 / (updates + 1), decay)` where it ramps up (section 2; the authors' code). Before the first update it is the
 * student itself. `seen`: the updates that it has followed, so that the parts of an accumulated update move it once.
 */
function follow(
  average: Student,
  student: Student,
  seen: tf.Variable,
  { step }: Pick<Progress, 'step'>,
  { decay, rampUp, dropout }: Averaging,
): void {
  const ramp = tf.sub(1, tf.div(1, tf.add(step, 1)));
  const kept = rampUp ? tf.minimum(ramp, decay) : tf.scalar(decay);
  const begins = tf.less(step, 0.5);
  const due = tf.cast(tf.greater(step, seen), 'float32');
  const share = tf.where(begins, tf.scalar(1), tf.mul(due, tf.sub(1, kept)));
  average.variables.forEach(({ variable }, i) => {
    const { variable: own, trainable } = student.variables[i] as NamedVariable;
    if (trainable !== false) variable.assign(tf.add(tf.mul(variable, tf.sub(1, share)), tf.mul(own, share)));
    // Statistics of the student; in training mode the average has its own, which begin as the student's.
    else if (dropout && variable.dtype === 'float32') variable.assign(tf.where(begins, own, variable));
    else variable.assign(tf.clone(own));
  });
  seen.assign(tf.clone(step));
}

/** Normal noise on the inputs that are numbers. */
function noisyInputs(inputs: NamedTensors, deviation: number, { random }: StepContext): NamedTensors {
  if (deviation === 0) return inputs;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, x]) => [
      name,
      x.dtype === 'float32' ? tf.add(x, tf.mul(random.normal(x.shape), deviation)) : x,
    ]),
  );
}

export const meanTeacher = teacher('mean-teacher', {
  help: 'a running average of the student’s weights, which follows it through the training (Tarvainen & Valpola 2017)',
  method: {
    paper: 'Tarvainen & Valpola 2017: Mean teachers are better role models, section 2',
    url: 'https://arxiv.org/abs/1703.01780',
    formula: 'w_t = d w_t + (1 - d) w of the student after each update',
    family: 'schemes',
    student: [],
    teacher: [],
    aliases: { papers: ['mean teacher'], KD_Lib: ['MeanTeacher'] },
    example: { use: 'mean-teacher', decay: 0.999 },
  },
  outputs: { NAME: 'the output NAME of the student, by the averaged weights' },
  options: z.strictObject({
    decay: z
      .number()
      .min(0)
      .lt(1)
      .default(0.999)
      .describe('Share of the average that is kept at each update.'),
    rampUp: z
      .boolean()
      .default(true)
      .describe(
        'At update t the decay is at most 1 - 1 / (t + 1), so that the first weights are soon forgotten.',
      ),
    noise: z
      .number()
      .min(0)
      .default(0)
      .describe('Standard deviation of normal noise on its inputs, drawn apart from the student’s.'),
    dropout: z
      .boolean()
      .default(false)
      .describe('Whether it drops units and normalises by the batch as the student does, drawn apart.'),
  }),
  async create(options, { engine }, context) {
    const { model, inputs, another } = taughtStudent('mean-teacher', context);
    const average = await another('mean-teacher');
    if (average.variables.some(({ name }, i) => name !== model.variables[i]?.name))
      throw teacherInvalid('the teacher `mean-teacher` needs a student that is made the same each time');
    const seen = tf.tidy(() => tf.variable(tf.scalar(0), false));
    const variables: NamedVariable[] = [
      ...average.variables.map((each) => ({ ...each, name: `weights/${each.name}`, trainable: false })),
      { name: 'updates', variable: seen, trainable: false },
    ];
    return inStepTeacher({
      engine,
      inputs,
      outputs: model.outputs,
      fingerprint: fingerprint('mean-teacher', JSON.stringify(options)),
      labels: context.data.labels,
      graph: {
        variables,
        forward({ inputs: given, progress, at }) {
          follow(average, model, seen, progress, options);
          const answers = average.forward(noisyInputs(given, options.noise, at), {
            ...at,
            training: options.dropout,
          });
          return Object.fromEntries(
            Object.entries(answers).map(([name, tensor]) => [name, stopGradient(tensor)]),
          );
        },
      },
      answer: (tensors, at) => average.forward(tensors, at),
      weights: average.variables,
      own: variables,
    });
  },
});

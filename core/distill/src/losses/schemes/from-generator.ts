// What methods without data share: one made batch a step, what teacher and student say of it, and who learns from that.
import { stopGradient } from '@potstill/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Loss, LossInputs, LossTraining, NamedTensors, Student } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { checkLogits, pick } from '../parts/check.js';
import type { Generator } from './generator.js';

/** A made batch, as teacher and student see it. */
export interface Seen {
  readonly teacher: NamedTensors;
  readonly student: NamedTensors;
}

export interface GeneratedOptions {
  readonly name: string;
  readonly generator: Generator;
  readonly student: Student;
  /** Outputs of the teacher that it reads. */
  readonly teacher: readonly string[];
  readonly training: LossTraining;
  /** The student's aim: logits of the student, which gradients reach, and of the teacher. */
  readonly learn: (student: tf.Tensor, teacher: tf.Tensor) => tf.Scalar;
  /** The generator's aim: gradients reach it through the student too. */
  readonly generate: (seen: Seen) => tf.Scalar;
  /** Whether the generator's aim reads the student. */
  readonly generatorSeesStudent: boolean;
}

/** A loss whose variables are those of a generator. */
export function generatedLoss(options: GeneratedOptions): Loss {
  const { name, generator, student, training, learn, generate } = options;
  if (!student.outputs.logits)
    throw new PotstillError({
      code: 'LOSS_INVALID',
      message: `${name}: the student has no output \`logits\``,
      hint: `It has ${Object.keys(student.outputs).join(', ')}.`,
    });
  // `compute` and `own` of a step get the same inputs, and are about the same batch.
  const batches = new WeakMap<LossInputs, NamedTensors>();
  const batchOf = (at: LossInputs): NamedTensors => {
    const made = batches.get(at) ?? generator.make(at.at);
    batches.set(at, made);
    return made;
  };
  const logitsOf = (outputs: NamedTensors, whose: 'student' | 'teacher'): tf.Tensor => {
    const logits = pick(name, whose, outputs, 'logits');
    checkLogits(name, whose, logits);
    return logits;
  };
  return {
    // What the student says of the training data is not asked for: its statistics are to be those of made examples.
    needs: { student: [], teacher: options.teacher, batch: [], live: true },
    variables: generator.variables,
    training,
    compute(at) {
      const { run } = at;
      if (!run) throw new Error(`internal: ${name} without models`);
      const fixed = detached(batchOf(at));
      return learn(logitsOf(run.student(fixed), 'student'), logitsOf(run.teacher(fixed), 'teacher'));
    },
    own(at) {
      const { run } = at;
      if (!run) throw new Error(`internal: ${name} without models`);
      const batch = batchOf(at);
      return generate({
        teacher: run.teacher(batch),
        student: options.generatorSeesStudent ? run.student(batch) : {},
      });
    },
  };
}

function detached(tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, each]) => [name, stopGradient(each)]));
}

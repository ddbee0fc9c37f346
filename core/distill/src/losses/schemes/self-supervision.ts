// Distillation with self-supervision: what the teacher says of turned images, and how similar it finds them (SSKD, Xu et al. 2020).
import { adam } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent, LossInputs, NamedTensors } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { VariableSet } from '../../students/variables.js';
import { checkClasses, checkLogits, checkSameShape, pick, targetField } from '../parts/check.js';
import { contrastiveTask, likeness } from './contrastive-task.js';
import { headOf } from './head.js';
import { rotations, squareImages } from './rotations.js';
import { selfSupervision, selfSupervisionOptions, type Views } from './self-supervision-terms.js';

const name = 'self-supervision';

export const selfSupervisionLoss: AnyComponent = loss(name, {
  help: 'The teacher’s answers to images and to the same turned by quarters, and how similar it finds them (SSKD, Xu et al. 2020).',
  method: {
    paper: 'Xu, Liu, Li & Loy 2020: Knowledge Distillation Meets Self-Supervision, section 3',
    url: 'https://arxiv.org/abs/2006.07114',
    formula:
      '0.9 KD(z, v) + 2.7 KD of turned images + 10 KD of cos(h(turned), h(image)) over the images of the batch; KD(z, v) = T^2 KL(softmax(v/T) || softmax(z/T)), h a head of two layers on the features',
    family: 'self-supervision',
    student: ['logits', 'embedding'],
    teacher: ['logits', 'embedding'],
    aliases: { torchdistill: ['AuxSSKDLoss', 'SSKDLoss'], papers: ['SSKD'] },
    example: name,
    note: 'Needs square images, and a teacher that runs in the training step (`live`). The teacher’s head is trained in the first fifth of the same run (AuxSSKDLoss; the authors’ code: 60 epochs before 240), in which the student learns the two other terms; then it gets no more gradient, and the similarities count. Both heads learn by Adam at 0.001 unless the recipe says otherwise. The cross-entropy with the labels is a second loss (weight 0.1 in the authors’ code), for which the student sees the images as they are once more. Where answers are equally wrong, the first in the batch are learnt; the reference leaves it open. The weights are those of the authors’ code; torchdistill’s are 1.',
  },
  options: selfSupervisionOptions,
  needsTeacher: true,
  create(options, services, { data, student, teacher }) {
    const field = squareImages(name, data);
    checkClasses(
      name,
      { outputs: student.outputs, output: options.student },
      { outputs: teacher?.outputs, output: options.teacher },
    );
    const target = options.transformedRatio < 1 ? targetField(name, options.target, data.target) : undefined;
    const variables = new VariableSet(services.random.child(name), name);
    const heads = {
      student: headOf(name, 'student', student.outputs, options.features, variables),
      teacher: headOf(name, 'teacher', teacher?.outputs ?? {}, options.teacherFeatures, variables),
    };
    const viewsOf = (whose: 'student' | 'teacher', outputs: NamedTensors, at: LossInputs): Views => {
      const logits = pick(name, whose, outputs, options[whose]);
      checkLogits(name, whose, logits);
      return { logits: logits as tf.Tensor2D, cosines: likeness(heads[whose](outputs, at.at)) };
    };
    // `compute` and `own` of a step are about the same views.
    const steps = new WeakMap<LossInputs, { readonly student: Views; readonly teacher: Views }>();
    const stepOf = (at: LossInputs) => {
      const before = steps.get(at);
      if (before) return before;
      if (!at.run) throw new Error(`internal: ${name} without models`);
      const inputs = { [field]: rotations(pick(name, 'batch', at.batch, field)) };
      const made = {
        student: viewsOf('student', at.run.student(inputs), at),
        teacher: viewsOf('teacher', at.run.teacher(inputs), at),
      };
      checkSameShape(name, made.student.logits, made.teacher.logits);
      steps.set(at, made);
      return made;
    };
    /** 0 while the teacher's head learns, then 1. */
    const ready = ({ progress }: LossInputs) =>
      tf.cast<tf.Scalar>(tf.greaterEqual(progress.fraction, options.headPhase), 'float32');
    const termsOf = (at: LossInputs) => {
      const { student, teacher } = stepOf(at);
      const labels =
        target === undefined ? {} : { labels: pick(name, 'batch', at.batch, target) as tf.Tensor1D };
      return selfSupervision(student, teacher, { ...options, ...labels });
    };
    return {
      // The models run on images of its own; what they say of the batch is not asked for.
      needs: {
        student: [],
        teacher: [options.teacher, options.teacherFeatures],
        batch: [field, ...(target === undefined ? [] : [target])],
        live: true,
      },
      variables: variables.list,
      training: { optimizer: adam(), rate: 0.001 },
      compute(at) {
        const { normal, transformed, similarity } = termsOf(at);
        const answers = tf.add(
          tf.mul(normal, options.normalWeight),
          tf.mul(transformed, options.transformedWeight),
        );
        return tf.add<tf.Scalar>(answers, tf.mul(tf.mul(similarity, options.similarityWeight), ready(at)));
      },
      own(at) {
        const task = contrastiveTask(stepOf(at).teacher.cosines);
        const done = ready(at);
        return tf.add<tf.Scalar>(tf.mul(task, tf.sub(1, done)), tf.mul(termsOf(at).similarity, done));
      },
    };
  },
});

// The teacher `peers`: students that teach each other (Zhang et al. 2018, "Deep mutual learning").
import type { NamedTensors } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Student, TensorSpecs } from '../../contracts/index.js';
import { fingerprint } from '../../data/index.js';
import { teacher } from '../../plugin/define.js';
import { teacherInvalid } from '../invalid.js';
import { inStepTeacher } from './in-step.js';
import { taughtStudent } from './taught.js';

export const peersTeacher = teacher('peers', {
  help: 'students trained beside the recipe’s, each of which learns from the others (deep mutual learning, Zhang et al. 2018)',
  method: {
    paper: 'Zhang et al. 2018: Deep Mutual Learning, equation 8',
    url: 'https://arxiv.org/abs/1706.00384',
    formula:
      'for each student: its own losses + mean over the other students of the losses that read a teacher',
    family: 'schemes',
    student: [],
    teacher: [],
    aliases: { papers: ['DML', 'deep mutual learning'], KD_Lib: ['DML'] },
    example: { use: 'peers', count: 1 },
  },
  outputs: { NAME: 'the output NAME of a peer; losses that read it are the mean over all peers' },
  options: z.strictObject({
    count: z.int().min(1).default(1).describe('Peers beside the student.'),
    student: z
      .union([z.string(), z.looseObject({ use: z.string() })])
      .optional()
      .describe(
        'What the peers are, as a recipe writes a student. Default: the recipe’s own, with other first weights.',
      ),
  }),
  async create({ count, student: reference }, { engine }, context) {
    const { model, inputs, another } = taughtStudent('peers', context);
    const students: Record<string, Student> = {};
    const all = () => Object.values(students);
    const dispose = () => {
      for (const { variables } of all()) for (const { variable } of variables) variable.dispose();
    };
    try {
      for (let k = 1; k <= count; k++) students[`peer-${k}`] = await another(`peer-${k}`, reference);
      const outputs = shared(model, all());
      if (Object.keys(outputs).length === 0)
        throw teacherInvalid('the student and its peers have no output of the same name and shape');
      const weights = Object.entries(students).flatMap(([name, { variables }]) =>
        variables.map((each) => ({ ...each, name: `${name}/${each.name}` })),
      );
      return inStepTeacher({
        engine,
        inputs,
        outputs,
        fingerprint: fingerprint('peers', JSON.stringify({ count, reference: reference ?? null })),
        labels: context.data.labels,
        graph: { variables: [], peers: { prefix: '', students }, forward: () => ({}) },
        answer: (tensors, at) =>
          means(
            all().map((each) => each.forward(tensors, at)),
            Object.keys(outputs),
          ),
        weights,
        own: weights,
      });
    } catch (error) {
      dispose();
      throw error;
    }
  },
});

/** Outputs that all of them have. */
function shared(model: Student, peers: readonly Student[]): TensorSpecs {
  return Object.fromEntries(
    Object.entries(model.outputs).filter(([name, { dtype, shape }]) =>
      peers.every(({ outputs }) => {
        const other = outputs[name];
        return other?.dtype === dtype && other.shape.join() === shape.join();
      }),
    ),
  );
}

function means(answers: readonly NamedTensors[], names: readonly string[]): NamedTensors {
  return Object.fromEntries(
    names.map((name) => {
      const each = answers.flatMap((answer) => answer[name] ?? []);
      return [name, each.length === 1 ? (each[0] as tf.Tensor) : tf.div(tf.addN(each), each.length)];
    }),
  );
}

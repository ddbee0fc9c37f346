// The teacher `self`: the student's own outputs, its deeper layers for its shallower ones (Zhang et al. 2019, "Be your own teacher").
import { stopGradient } from '@potstill/engine';
import { z } from 'zod';
import { fingerprint } from '../../data/index.js';
import { teacher } from '../../plugin/define.js';
import { inStepTeacher } from './in-step.js';
import { taughtStudent } from './taught.js';

export const selfTeacher = teacher('self', {
  help: 'the student itself: its own outputs in the same step, through which no gradient flows',
  method: {
    paper: 'Zhang et al. 2019: Be Your Own Teacher',
    url: 'https://arxiv.org/abs/1905.08094',
    formula: 'shallower outputs of the student learn from its deeper ones',
    family: 'schemes',
    student: [],
    teacher: [],
    aliases: { papers: ['BYOT', 'be your own teacher', 'self-distillation'] },
    example: 'self',
    note: 'The exits of the paper are outputs of the student: `cnn` has them with `exits: true`, and each takes a loss of its own.',
  },
  outputs: { NAME: 'the output NAME of the student' },
  options: z.strictObject({}),
  create(_options, { engine }, context) {
    const { model, inputs } = taughtStudent('self', context);
    return inStepTeacher({
      engine,
      inputs,
      outputs: model.outputs,
      fingerprint: fingerprint('self'),
      labels: context.data.labels,
      graph: {
        variables: [],
        forward: ({ student }, outputs) =>
          Object.fromEntries(
            outputs.flatMap((name) => {
              const tensor = student[name];
              return tensor ? [[name, stopGradient(tensor)] as const] : [];
            }),
          ),
      },
      answer: (tensors, at) => model.forward(tensors, at),
      weights: model.variables,
      own: [],
    });
  },
});

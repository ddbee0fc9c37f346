// Contrastive representation distillation with a memory bank (CRD, Tian, Krishnan & Isola 2020, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { VariableSet } from '../../students/variables.js';
import { pick } from '../parts/check.js';
import { embedding } from '../parts/embedding.js';
import { memoryBank } from '../parts/memory-bank.js';
import { noiseContrast, normaliser, otherExamples } from '../parts/noise-contrast.js';

const name = 'contrastive-representation';

const output = (whose: string) =>
  z.string().default('features').describe(`The ${whose}’s output, of a fixed shape; read as one vector.`);

export const contrastiveRepresentationLoss: AnyComponent = loss(name, {
  help: 'Student’s and teacher’s embeddings against a memory bank of all examples (CRD, Tian et al. 2020).',
  method: {
    paper: 'Tian, Krishnan & Isola 2020: Contrastive Representation Distillation, section 3',
    url: 'https://arxiv.org/abs/1910.10699',
    formula:
      'both ways: - log h(own) - sum over m negatives log(1 - h); h = p / (p + m / N), p = exp(<a, b> / tau) / Z',
    family: 'contrastive',
    student: ['embedding', 'feature map'],
    teacher: ['embedding', 'feature map'],
    aliases: { papers: ['CRD'], torchdistill: ['CRDLoss'], mdistiller: ['CRD'] },
    example: { use: 'contrastive-representation', size: 8 },
    note: 'Negatives are drawn from all other examples, each as likely, as the authors’ loss draws them by itself; their CIFAR script draws from other classes. With as many negatives as there are other examples, each is taken once and nothing is drawn. The teacher’s embedding is trained too, as in the paper.',
  },
  needsTeacher: true,
  options: z.strictObject({
    student: output('student'),
    teacher: output('teacher'),
    size: z.int().positive().default(128).describe('Numbers of an embedding.'),
    negatives: z
      .int()
      .positive()
      .default(16384)
      .describe('Other examples that each is held against; at most all others.'),
    temperature: z.number().positive().default(0.07).describe('tau: divides the inner products.'),
    momentum: z
      .number()
      .min(0)
      .lt(1)
      .default(0.5)
      .describe('Share of an example’s vector in the bank that stays when the example is seen.'),
  }),
  create(options, services, { examples, student, teacher }) {
    if (examples === undefined)
      throw new Error(`${name}: the context does not say how many \`examples\` there are`);
    const variables = new VariableSet(services.random.child(`loss ${name}`), 'the loss');
    const { size, temperature, momentum, negatives } = options;
    const of = (side: 'student' | 'teacher', outputs = {}) => ({
      embed: embedding(name, { variables, side, outputs, output: options[side], size }),
      bank: memoryBank(variables, `${side}.bank`, examples, size),
      scale: normaliser(variables, `${side}.normaliser`),
    });
    const mine = of('student', student.outputs);
    const theirs = of('teacher', teacher?.outputs);
    return {
      needs: { student: [options.student], teacher: [options.teacher], batch: [], index: true },
      variables: variables.list,
      compute({ student: outputs, teacher: answers, index, at }) {
        if (!index) throw new Error(`internal: ${name} without indices`);
        const a = mine.embed(pick(name, 'student', outputs, options.student), at);
        const b = theirs.embed(pick(name, 'teacher', answers, options.teacher), at);
        const others = otherExamples(index, examples, negatives, at.random);
        const shared = { index, others, temperature };
        // Each is held against what the bank has of the other.
        const value = tf.add<tf.Scalar>(
          noiseContrast({ ...shared, rows: a, bank: theirs.bank.read(), scale: mine.scale }),
          noiseContrast({ ...shared, rows: b, bank: mine.bank.read(), scale: theirs.scale }),
        );
        if (at.training) {
          mine.bank.update(index, a, momentum);
          theirs.bank.update(index, b, momentum);
        }
        return value;
      },
    };
  },
});

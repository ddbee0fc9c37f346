// A plugin whose components have options of every sort; they are never made here.
import {
  adjustment,
  createRegistry,
  dataset,
  definePlugin,
  exporter,
  loss,
  metric,
  optimizer,
  schedule,
  student,
  task,
  teacher,
  transform,
} from 'potstill';
import { z } from 'zod';

const never = (): never => {
  throw new Error('a component was made while a recipe was checked');
};
const none = z.strictObject({});

export const samplePlugin = definePlugin({
  name: '@acme/sample',
  version: '0.3.0',
  potstill: '*',
  components: [
    dataset('digits', {
      help: 'Digits.',
      options: z.strictObject({ split: z.enum(['train', 'test']).default('train') }),
      create: never,
    }),
    transform('shift', {
      help: 'Shifts.',
      options: z.strictObject({ pixels: z.int().min(1).max(8) }),
      create: never,
    }),
    teacher('onnx', {
      help: 'An ONNX file.',
      options: z.strictObject({ file: z.string(), output: z.string().optional() }),
      create: never,
    }),
    teacher('ensemble', {
      help: 'Several.',
      options: z.strictObject({ members: z.record(z.string(), z.unknown()) }),
      create: never,
    }),
    student('mlp', {
      help: 'Dense layers.',
      options: z.strictObject({
        hidden: z.array(z.int().min(1)).describe('Units of each layer.'),
        dropout: z.number().min(0).max(0.9).default(0).describe('Rate after each layer.'),
        norm: z
          .discriminatedUnion('kind', [
            z.strictObject({ kind: z.literal('batch'), momentum: z.number().min(0).max(1).default(0.9) }),
            z.strictObject({ kind: z.literal('layer'), epsilon: z.number().positive().default(1e-5) }),
          ])
          .optional(),
      }),
      create: never,
    }),
    student('cnn', {
      help: 'Convolutions.',
      options: z.strictObject({ blocks: z.int().min(1).default(2) }),
      create: never,
    }),
    loss('cross-entropy', {
      help: 'Hard targets.',
      options: z.strictObject({ smoothing: z.number().min(0).max(1).default(0) }),
      create: never,
    }),
    // Not strict on purpose: unknown keys must be refused all the same.
    loss('soft-targets', {
      help: 'Soft targets.',
      options: z.object({
        temperature: z.number().positive().default(4),
        student: z.string().default('logits'),
        teacher: z.string().default('logits'),
      }),
      needsTeacher: true,
      create: never,
    }),
    ...['accuracy', 'cross-entropy', 'calibration', 'confusion'].map((name) =>
      metric(name, { help: 'A metric.', options: none, create: never }),
    ),
    ...['agreement', 'divergence'].map((name) =>
      metric(name, { help: 'A metric.', options: none, needsTeacher: true, create: never }),
    ),
    metric('top-k', { help: 'Top k.', options: z.strictObject({ k: z.int().min(1) }), create: never }),
    optimizer('sgd', {
      help: 'SGD.',
      options: z.strictObject({ momentum: z.number().min(0).max(1).default(0) }),
      create: never,
    }),
    optimizer('adam', { help: 'Adam.', options: none, create: never }),
    schedule('cosine', {
      help: 'Cosine.',
      options: z.strictObject({ peak: z.number().positive() }),
      create: never,
    }),
    schedule('linear', {
      help: 'Linear.',
      options: z.strictObject({ from: z.number(), to: z.number() }),
      create: never,
    }),
    task('classification', { help: 'One class an example.', options: none, create: never }),
    adjustment('shift', { help: 'Shifts.', options: none, create: never }),
    exporter('onnx', { help: 'ONNX.', options: none, create: never }),
    exporter('tfjs', { help: 'TF.js.', options: none, create: never }),
  ],
});

export const sampleRegistry = createRegistry([{ plugin: samplePlugin }]);

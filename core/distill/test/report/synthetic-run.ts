// A small made-up run: three models over pictures of bars, with everything a report can hold.
import { randomStream } from '@potstill/engine';
import type {
  AnyComponent,
  Batch,
  ComponentServices,
  Evaluation,
  HostTensor,
  IndexedDataset,
  Metric,
} from 'potstill';
import { classMetrics } from '../../src/evaluate/components.js';
import { evaluateModel, figuresOf } from '../../src/evaluate/evaluate-model.js';
import type { ReportInput } from '../../src/report/report-input.js';
import { classification } from '../../src/tasks/classification/classification.js';
import { compareAnswers } from '../../src/tasks/classification/discordance.js';

export const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

const side = 28;

/** Pictures of a bar whose angle tells the class, normalised as MNIST usually is. */
export function barDataset(examples: number, labels: readonly string[] = digits): IndexedDataset {
  const random = randomStream(1);
  const truth = (index: number) => random.at(index).integer(labels.length);
  const picture = (index: number): HostTensor => {
    const angle = (Math.PI * truth(index)) / labels.length;
    const noise = random
      .child('noise')
      .at(index)
      .uniform(side * side);
    const data = new Float32Array(side * side);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const across = Math.abs((x - 13.5) * Math.sin(angle) - (y - 13.5) * Math.cos(angle));
        const along = Math.abs((x - 13.5) * Math.cos(angle) + (y - 13.5) * Math.sin(angle));
        const ink = Math.max(0, Math.min(1, 2.5 - across)) * (along < 11 ? 1 : 0);
        const raw = Math.round(255 * Math.min(1, ink * 0.9 + (noise[y * side + x] as number) * 0.1));
        data[y * side + x] = (raw / 255 - 0.1307) / 0.3081;
      }
    return { dtype: 'float32', shape: [side, side, 1], data };
  };
  return {
    size: examples,
    spec: { image: { dtype: 'float32', shape: [side, side, 1] }, label: { dtype: 'int32', shape: [] } },
    inputs: ['image'],
    target: 'label',
    labels,
    preprocessing: { layout: 'NHWC', scale: 1 / 255, mean: [0.1307], std: [0.3081] },
    fingerprint: 'f00d',
    source: 'made up for this test',
    example: (index) =>
      Promise.resolve({
        image: picture(index),
        label: { dtype: 'int32', shape: [], data: Int32Array.of(truth(index)) },
      }),
  };
}

/** The truth of the first examples, as batches of labels alone. */
async function labelBatches(data: IndexedDataset): Promise<Batch[]> {
  const truths: number[] = [];
  for (let index = 0; index < data.size; index++)
    truths.push((await data.example(index)).label?.data[0] as number);
  return [
    {
      size: data.size,
      indices: truths.map((_, index) => index),
      tensors: { label: { dtype: 'int32', shape: [data.size], data: Int32Array.from(truths) } },
    },
  ];
}

/** Logits that are right with probability 1 - `errorRate`, the surer the higher `certainty`. */
function scores(
  batch: Batch,
  classes: number,
  errorRate: number,
  certainty: number,
  seed: number,
): HostTensor {
  const random = randomStream(seed);
  const truths = batch.tensors.label?.data as Int32Array;
  const data = new Float32Array(batch.size * classes);
  truths.forEach((truth, row) => {
    const own = random.at(row);
    const [wrong, strength, which] = own.uniform(3) as unknown as [number, number, number];
    const noise = own.child('noise').normal(classes);
    const answer =
      wrong < errorRate ? (truth + 1 + Math.floor(which * which * (classes - 1))) % classes : truth;
    for (let c = 0; c < classes; c++) data[row * classes + c] = (noise[c] as number) * 0.6;
    data[row * classes + answer] = certainty * (wrong < errorRate ? 0.6 * strength : 0.15 + 0.85 * strength);
  });
  return { dtype: 'float32', shape: [batch.size, classes], data };
}

export function makeMetrics(data: IndexedDataset): Promise<Metric[]> {
  return Promise.all(
    classMetrics.map((component: AnyComponent) => {
      if (component.kind !== 'metric') throw new Error('not a metric');
      return Promise.resolve(
        component.create(component.options.parse({}), {} as ComponentServices, { data }),
      );
    }),
  );
}

export async function evaluations(
  data: IndexedDataset,
): Promise<{ teacher: Evaluation; baseline: Evaluation; student: Evaluation }> {
  const batches = await labelBatches(data);
  const metrics = await makeMetrics(data);
  const classes = data.labels?.length ?? 0;
  const model = (errorRate: number, certainty: number, seed: number) => (batch: Batch) =>
    Promise.resolve({ logits: scores(batch, classes, errorRate, certainty, seed) });
  const teacher = model(0.012, 11, 2);
  const shared = { teacherOutputs: teacher, batches, metrics };
  return {
    teacher: await evaluateModel({ predict: teacher, batches, metrics }),
    baseline: await evaluateModel({ ...shared, predict: model(0.045, 14, 3) }),
    student: await evaluateModel({ ...shared, predict: model(0.02, 9, 4) }),
  };
}

const recipe = `potstill: 1
name: bars
plugins: ['@potstill/vision']
data:
  train: { use: vision/bars, split: train }
  test: { use: vision/bars, split: test }
teacher:
  recipe: ./bars-teacher.yaml
student:
  use: mlp
  hidden: [800, 800]
losses:
  - { use: cross-entropy, weight: 0.3 }
  - { use: soft-targets, weight: 0.7, temperature: 4 }
train: { epochs: 12, batch: 128, optimizer: { use: sgd, momentum: 0.9 }, rate: { use: cosine, peak: 0.05 }, seed: 7 }
`;

function epochs(start: number, end: number, loss: number) {
  return Array.from({ length: 12 }, (_, i) => {
    const left = Math.exp(-i / 3);
    const wave = Math.sin(i * 2.4) * 0.004 * left;
    return {
      epoch: i + 1,
      values: { loss: loss * (0.08 + left), accuracy: end + (start - end) * left + wave, rate: 0.05 * left },
    };
  });
}

/** A whole input; `file` decides where it is written. */
export async function syntheticRun(
  file: string,
  examples = 2000,
  labels: readonly string[] = digits,
): Promise<ReportInput> {
  const test = barDataset(examples, labels);
  const { teacher, baseline, student } = await evaluations(test);
  if (classification.kind !== 'task') throw new Error('not a task');
  const task = await classification.create({}, {} as ComponentServices, { data: test });
  return {
    file,
    name: 'bars',
    description: 'A made-up run over pictures of bars.',
    recipe: { yaml: recipe, hash: 'c0ffee0123456789' },
    seed: 7,
    finishedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
    test,
    figures: figuresOf(await makeMetrics(test)),
    primary: task.primary,
    compare: compareAnswers,
    sections: task.sections ?? [],
    data: [
      { role: 'train', name: 'vision/bars', examples: 60000 },
      { role: 'test', name: 'vision/bars', examples },
    ],
    teacher: {
      title: 'mlp 1200-1200',
      parameters: 2395210,
      bytes: 9583000,
      latencyMs: 0.412,
      evaluation: teacher,
    },
    baseline: {
      title: 'mlp 800-800',
      parameters: 1276810,
      bytes: 5109000,
      latencyMs: 0.201,
      evaluation: baseline,
      epochs: epochs(0.82, 0.955, 1.1),
    },
    student: {
      title: 'mlp 800-800',
      parameters: 1276810,
      bytes: 5109000,
      latencyMs: 0.198,
      evaluation: student,
      epochs: epochs(0.86, 0.98, 2.3),
    },
    exports: [
      {
        kind: 'onnx',
        path: 'exports/student.onnx',
        sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        bytes: 5109000,
        maxDifference: 1.9e-6,
      },
    ],
    preflight: [
      { level: 'ok', code: 'teacher', message: 'answers 98.8 % of a sample right; chance is 10 %' },
      {
        level: 'warning',
        code: 'labels',
        message: 'the teacher names no classes; their order could not be compared',
        hint: 'Give `labels:` to the teacher.',
      },
    ],
    warnings: [{ code: 'DATA_SKIPPED', message: '3 damaged examples of the training data were left out' }],
    machine: {
      cpu: 'A processor at 2 GHz',
      cores: 2,
      memoryBytes: 8e9,
      system: 'linux 6.1 x64',
      node: '20.20.0',
    },
    versions: { potstill: '0.1.0', '@tensorflow/tfjs': '4.22.0', 'onnxruntime-node': '1.30.0' },
    timings: [
      { stage: 'teacher', seconds: 48.2 },
      { stage: 'baseline', seconds: 31 },
      { stage: 'student', seconds: 36.9 },
      { stage: 'export', seconds: 1.4 },
    ],
  };
}

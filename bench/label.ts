// Labelling with an ONNX teacher beside a bare loop of ONNX Runtime over the same examples; and an epoch that reads the store.
// usage: node --conditions=potstill-source --import tsx bench/label.ts [--rounds 5] [--threads 2] [--examples 60032]
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createEngine,
  exportOnnx,
  ort,
  randomStream,
  sgd,
  type HostTensor,
  type NamedVariable,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import {
  describeMachine,
  diskTeacherStore,
  memoryDataset,
  openOnnxTeacher,
  readModelFile,
  type IndexedDataset,
  type Teacher,
} from 'potstill';
import { labelAhead } from '../core/distill/src/train/label-ahead.js';
import { trainingSource } from '../core/distill/src/train/source.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    examples: { type: 'string', default: '60032' },
  },
});
const threads = Number(values.threads);
const batch = 128;
const random = randomStream(1);

interface Case {
  readonly name: string;
  readonly file: string;
  readonly data: IndexedDataset;
}

function noise(size: number, shape: readonly number[]): IndexedDataset {
  const count = shape.reduce((product, length) => product * length, 1);
  return memoryDataset({
    description: { inputs: ['x'] },
    columns: { x: { dtype: 'float32', shape: [size, ...shape], data: random.normal(size * count) } },
  });
}

interface Network {
  readonly variables: readonly NamedVariable[];
  readonly forward: (x: tf.Tensor2D) => tf.Tensor2D;
}

/** Layers of these widths with ReLU between them. */
function network(widths: readonly number[]): Network {
  const variables = widths.slice(1).map((to, i) => {
    const from = widths[i] ?? 0;
    const values = random.child(`w${i}`).normal(from * to);
    return {
      name: `w${i}`,
      variable: tf.variable(tf.mul(tf.tensor2d(values, [from, to]), Math.sqrt(2 / from))),
    };
  });
  return {
    variables,
    forward: (x) =>
      variables.reduce<tf.Tensor2D>(
        (value, { variable }, i) => tf.matMul(i === 0 ? value : tf.relu(value), variable),
        x,
      ),
  };
}

/** 784-1200-1200-10, as the teacher of mnist-hinton. */
async function mlpFile(folder: string): Promise<string> {
  const { variables, forward } = network([784, 1200, 1200, 10]);
  const bytes = await exportOnnx({
    variables,
    inputs: { x: { dtype: 'float32', shape: [784] } },
    forward: ({ x }) => ({ logits: forward(x as tf.Tensor2D) }),
  });
  const file = join(folder, 'mlp.onnx');
  await writeFile(file, bytes);
  return file;
}

/** Seconds that passed, and that processors worked for this process: on a busy machine the second is the steadier. */
interface Took {
  readonly wall: number;
  readonly busy: number;
}

function timer(): () => Took {
  const started = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { wall: (performance.now() - started) / 1000, busy: (user + system) / 1e6 };
  };
}

/** Seconds of the loop that anyone would write: a batch of examples in, its answers out. */
async function bare({ file, data }: Case): Promise<Took> {
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const [input = ''] = session.inputNames;
  const answers: Float32Array[] = [];
  const took = timer();
  for (let from = 0; from < data.size; from += batch) {
    const indices = Array.from({ length: Math.min(batch, data.size - from) }, (_, i) => from + i);
    const { x } = (await data.batch?.(indices))?.tensors ?? {};
    if (x?.dtype !== 'float32') throw new Error('no input');
    const outputs = await session.run({ [input]: new ort.Tensor('float32', x.data, x.shape) });
    answers.push(Object.values(outputs)[0]?.data as Float32Array);
  }
  const result = took();
  await session.release();
  return result;
}

/** Seconds of labelling into an empty store. */
async function labelled({ data }: Case, teacher: Teacher, folder: string): Promise<Took> {
  await rm(join(folder, 'store'), { recursive: true, force: true });
  const took = timer();
  const { asked } = await labelAhead({
    data: { dataset: data, transforms: [], name: 'train' },
    size: data.size,
    random,
    teacher,
    store: diskTeacherStore({ folder: join(folder, 'store') }),
    epochs: 1,
  });
  if (asked !== data.size) throw new Error(`${asked} examples were asked about`);
  return took();
}

const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

/** How much faster the second is than the first, by both clocks, and all figures. */
function compared(names: readonly [string, string], one: readonly Took[], other: readonly Took[]): string {
  const by = (clock: keyof Took) => {
    const of = (all: readonly Took[]) => all.map((took) => took[clock]);
    const text = (all: readonly Took[]) =>
      of(all)
        .map((seconds) => seconds.toFixed(2))
        .join(' ');
    const ratio = median(of(one)) / median(of(other));
    return `${ratio.toFixed(3)}x by ${clock} (s: ${names[0]} ${text(one)}; ${names[1]} ${text(other)})`;
  };
  return `${by('wall')}, ${by('busy')}`;
}

async function measureLabelling(each: Case, folder: string): Promise<void> {
  const teacher = await openOnnxTeacher({
    file: await readModelFile(each.file),
    data: each.data,
    threads,
  });
  const [plain, ours]: [Took[], Took[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    plain.push(await bare(each));
    ours.push(await labelled(each, teacher, folder));
  }
  await teacher.dispose();
  console.log(
    `${each.name}: speed of labelling beside a bare loop: ${compared(['bare', 'potstill'], plain, ours)}`,
  );
}

/** An epoch of 784-800-800-10 that reads logits from the warm store, and the same with numbers that are there. */
async function measureEpoch({ data, file }: Case, folder: string): Promise<void> {
  const teacher = await openOnnxTeacher({ file: await readModelFile(file), data, threads });
  const engine = await createEngine({ threads });
  const { variables, forward } = network([784, 800, 800, 10]);
  const session = await engine.training({
    variables,
    loss: ({ x, t }) => ({
      loss: tf.mean(tf.squaredDifference(forward(x as tf.Tensor2D), t as tf.Tensor2D)),
    }),
    optimizer: sgd(),
    random,
  });
  const prepared = { dataset: data, transforms: [], name: 'train' };
  const store = diskTeacherStore({ folder: join(folder, 'store') });
  const options = { data: prepared, size: data.size, random, teacher, store };
  await labelAhead({ ...options, epochs: 1 });
  const source = trainingSource({ ...options, batch });
  const constant: HostTensor = { dtype: 'float32', shape: [batch, 10], data: random.normal(batch * 10) };
  const epoch = async (number: number, outputs: readonly string[]) => {
    const took = timer();
    for await (const { batch: read, teacher: answers } of source.epoch(number, 0, outputs))
      await session.train({ x: read.tensors.x as HostTensor, t: answers.logits ?? constant }, { rate: 1e-6 });
    return took();
  };
  await epoch(0, ['logits']);
  const [without, warm]: [Took[], Took[]] = [[], []];
  for (let round = 1; round <= Number(values.rounds); round++) {
    without.push(await epoch(round, []));
    warm.push(await epoch(round, ['logits']));
  }
  await source.close();
  await session.dispose();
  await engine.dispose();
  await teacher.dispose();
  console.log(
    `an epoch from the warm store: cost beside one without a teacher: ${compared(['warm', 'without'], warm, without)}`,
  );
}

const folder = await mkdtemp(join(tmpdir(), 'potstill-label-'));
try {
  const { cpu, cores } = describeMachine();
  console.log(`${cpu}, ${cores} processors, ${threads} threads, load ${loadavg()[0]?.toFixed(1)}`);
  const size = Math.ceil(Number(values.examples) / batch) * batch;
  const mlp = { name: 'MLP 784-1200-1200-10', file: await mlpFile(folder), data: noise(size, [784]) };
  await measureLabelling(mlp, folder);
  const { POTSTILL_DATA: root } = process.env;
  if (root === undefined) console.log('ResNet-20: left out, POTSTILL_DATA is not set');
  else {
    const data = noise(Math.max(batch, Math.round(size / 10 / batch) * batch), [3, 32, 32]);
    const file = join(root, 'models/cifar10-resnet/resnet20.onnx');
    await measureLabelling({ name: 'ResNet-20', file, data }, folder);
  }
  await measureEpoch(mlp, folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

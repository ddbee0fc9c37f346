// Speed of one distillation step of an MLP (hard and soft loss, momentum): potstill beside PyTorch and TF.js, interleaved in one run.
// usage: npm run bench -- [--hidden 800] [--batch 128] [--threads N] [--rounds 7] [--python FILE] [--json FILE]
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  createEngine,
  randomStream,
  sgd,
  type HostTensors,
  type LossTerms,
  type NamedTensors,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

const { values: options } = parseArgs({
  options: {
    hidden: { type: 'string', default: '800' },
    batch: { type: 'string', default: '128' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    rounds: { type: 'string', default: '7' },
    python: { type: 'string', default: process.env.POTSTILL_PYTHON ?? 'python3' },
    json: { type: 'string' },
  },
});
const [hidden, batch, threads, rounds] = [options.hidden, options.batch, options.threads, options.rounds].map(
  Number,
) as [number, number, number, number];

const random = randomStream(1);
const sizes = [784, hidden, hidden, 10];
const weights = sizes.slice(1).flatMap((width, i) => {
  const inputs = sizes[i] as number;
  const kernel = random
    .child('kernel')
    .at(i)
    .normal(inputs * width);
  return [
    { name: `dense.${i}/kernel`, shape: [inputs, width], data: kernel.map((x) => x * Math.sqrt(2 / inputs)) },
    { name: `dense.${i}/bias`, shape: [width], data: new Float32Array(width) },
  ];
});
const inputs = {
  x: { dtype: 'float32', shape: [batch, 784], data: random.child('x').uniform(batch * 784) },
  label: {
    dtype: 'int32',
    shape: [batch],
    data: Int32Array.from({ length: batch }, (_, i) => random.child('label').integer(10, i)),
  },
  teacher: { dtype: 'float32', shape: [batch, 10], data: random.child('teacher').normal(batch * 10) },
} satisfies HostTensors;

const temperature = 4;
// So small that the weights hardly move: the net does not converge on its one batch, where numbers turn denormal and arithmetic slow.
const rate = 1e-4;

function lossOf(at: NamedTensors, variables: readonly tf.Tensor[]): LossTerms {
  let h = at.x as tf.Tensor2D;
  for (let i = 0; i < 3; i++) {
    h = tf.add(tf.matMul(h, variables[2 * i] as tf.Tensor2D), variables[2 * i + 1] as tf.Tensor1D);
    if (i < 2) h = tf.relu(h);
  }
  const truth = tf.oneHot(at.label as tf.Tensor1D, 10).toFloat();
  const hard = tf.neg(tf.mean(tf.sum(tf.mul(truth, tf.logSoftmax(h)), -1)));
  const target = tf.softmax(tf.div(at.teacher as tf.Tensor2D, temperature));
  const cross = tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(tf.div(h, temperature))), -1)));
  return { loss: tf.add(tf.mul(0.3, hard), tf.mul(0.7 * temperature ** 2, cross)).asScalar() };
}

/** Something that runs that many steps and gives the median milliseconds of one, or says why it cannot. */
interface Peer {
  readonly name: string;
  readonly steps: number;
  time(warm: number, steps: number): Promise<number>;
  dispose(): Promise<void>;
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;

async function timeSteps(step: () => Promise<unknown>, warm: number, steps: number): Promise<number> {
  for (let i = 0; i < warm; i++) await step();
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const begin = performance.now();
    await step();
    times.push(performance.now() - begin);
  }
  return median(times);
}

async function potstill(): Promise<Peer> {
  const engine = await createEngine({ backend: 'onnx', threads });
  await tf.setBackend('cpu');
  const variables = weights.map(({ name, shape, data }) => ({
    name,
    variable: tf.variable(tf.tensor(data, shape)),
  }));
  const session = await engine.training({
    variables,
    optimizer: sgd({ momentum: 0.9 }),
    random,
    loss: (at) =>
      lossOf(
        at,
        variables.map(({ variable }) => variable),
      ),
  });
  const begin = performance.now();
  await session.train(inputs, { rate });
  console.error(
    `potstill: first step (record, lower, compile, run) after ${(performance.now() - begin).toFixed(0)} ms`,
  );
  return {
    name: 'potstill',
    steps: 100,
    time: (warm, steps) => timeSteps(() => session.train(inputs, { rate }), warm, steps),
    dispose: () => session.dispose(),
  };
}

async function eager(name: string, backend: string, steps: number): Promise<Peer> {
  await tf.setBackend(backend);
  await tf.ready();
  const variables = weights.map(({ shape, data }) => tf.variable(tf.tensor(data, shape)));
  const optimizer = tf.train.momentum(rate, 0.9);
  const fed = Object.fromEntries(
    Object.entries(inputs).map(([key, tensor]) => [key, tf.tensor(tensor.data, tensor.shape, tensor.dtype)]),
  );
  const step = async (): Promise<void> => {
    const loss = optimizer.minimize(() => lossOf(fed, variables).loss, true, variables);
    await loss?.data();
    loss?.dispose();
  };
  return {
    name,
    steps,
    time: async (warm, count) => {
      await tf.setBackend(backend);
      return timeSteps(step, warm, count);
    },
    dispose: async () => undefined,
  };
}

async function torch(): Promise<Peer | undefined> {
  const script = fileURLToPath(new URL('torch_step.py', import.meta.url));
  const child = spawn(options.python, [script, String(threads), String(batch), String(hidden)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const failed = new Promise<undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string | undefined> =>
    Promise.race([lines.next().then(({ value }) => value as string | undefined), failed]);
  const version = await line();
  if (version === undefined) return undefined;
  return {
    name: `PyTorch ${version}`,
    steps: 100,
    time: async (warm, steps) => {
      child.stdin.write(`${warm} ${steps}\n`);
      return Number(await line());
    },
    dispose: async () => {
      child.stdin.end();
    },
  };
}

const maybe = [
  await potstill(),
  await torch(),
  await eager('TF.js wasm', 'wasm', 10),
  await eager('TF.js cpu', 'cpu', 1),
];
const peers = maybe.filter((peer) => peer !== undefined);
if (!maybe[1])
  console.error(
    `PyTorch left out: ${options.python} has no torch (pip install torch==2.13.0; --python FILE)`,
  );

const times = new Map<string, number[]>(peers.map(({ name }) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const peer of peers) {
    // The slow peers take part in the first rounds only.
    if (peer.steps === 1 && round >= 3) continue;
    times.get(peer.name)?.push(await peer.time(peer.steps === 1 ? 0 : 3, peer.steps));
  }
}
const own = median(times.get('potstill') ?? []);
console.log(
  `MLP 784-${hidden}-${hidden}-10, batch ${batch}, ${threads} threads, ${os.cpus()[0]?.model ?? 'unknown processor'}`,
);
console.log('| | ms a step (median) | spread | as a multiple of potstill |\n|---|---|---|---|');
const results = peers.map(({ name }) => {
  const list = times.get(name) ?? [];
  const ms = median(list);
  console.log(
    `| ${name} | ${ms.toFixed(2)} | ${Math.min(...list).toFixed(2)}-${Math.max(...list).toFixed(2)} | ${(ms / own).toFixed(2)} |`,
  );
  return { name, ms, all: list };
});
if (options.json) {
  writeFileSync(
    options.json,
    `${JSON.stringify({ hidden, batch, threads, machine: os.cpus()[0]?.model, results }, null, 2)}\n`,
  );
}
await Promise.all(peers.map((peer) => peer.dispose()));

// Speed of a recurrent student's distillation step beside PyTorch, interleaved in one run.
// usage: node --conditions=potstill-source --import tsx bench/recurrent.ts [--python FILE] [--threads 1] [--rounds 9] [--steps 5] [--time 200]
import { spawn } from 'node:child_process';
import os from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  createEngine,
  gru,
  gruVariables,
  type HostTensors,
  lstm,
  lstmVariables,
  randomStream,
  sgd,
} from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '9' },
    steps: { type: 'string', default: '5' },
    time: { type: 'string', default: '200' },
  },
});
const sizes = { batch: 32, time: Number(options.time), features: 40, units: 128, classes: 10 };
const [threads, rounds, steps] = [options.threads, options.rounds, options.steps].map(Number) as [
  number,
  number,
  number,
];

/** Milliseconds of a step, and of the processor's time in it, all threads together. */
type Time = readonly [wall: number, processor: number];
interface Peer {
  readonly name: string;
  readonly notes: string;
  step(): Promise<Time>;
  stop(): Promise<void>;
}

async function potstill(kind: 'gru' | 'lstm'): Promise<Peer> {
  const { batch, time, features, units, classes } = sizes;
  const random = randomStream(1);
  const { weights, variables } = (kind === 'gru' ? gruVariables : lstmVariables)('layer', {
    features,
    units,
    random,
  });
  const head = tf.tidy(() => tf.variable(tf.randomUniform([units, classes], -0.1, 0.1, 'float32', 1)));
  const bias = tf.tidy(() => tf.variable(tf.zeros([classes])));
  const engine = await createEngine({ threads });
  const session = await engine.training({
    variables: [...variables, { name: 'head/kernel', variable: head }, { name: 'head/bias', variable: bias }],
    optimizer: sgd({ momentum: 0.9 }),
    random,
    loss: ({ x, hard, soft }) => {
      const { outputs } = (kind === 'gru' ? gru : lstm)(x as tf.Tensor, weights);
      const logits = tf.add(tf.matMul(tf.mean(outputs, 1), head as tf.Tensor as tf.Tensor2D), bias);
      const logs = tf.logSoftmax(logits);
      const entropy = (targets: tf.Tensor | undefined) =>
        tf.neg(tf.mean(tf.sum(tf.mul(targets as tf.Tensor, logs), -1)));
      return { loss: tf.add(entropy(hard), entropy(soft)).asScalar() };
    },
  });
  const oneHot = new Float32Array(batch * classes);
  for (let i = 0; i < batch; i++) oneHot[i * classes + (i % classes)] = 1;
  const inputs: HostTensors = {
    x: {
      dtype: 'float32',
      shape: [batch, time, features],
      data: random.child('x').normal(batch * time * features),
    },
    hard: { dtype: 'float32', shape: [batch, classes], data: oneHot },
    soft: {
      dtype: 'float32',
      shape: [batch, classes],
      data: new Float32Array(batch * classes).fill(1 / classes),
    },
  };
  const rate = 1e-4;
  const begin = performance.now();
  await session.train(inputs, { rate });
  const first = performance.now() - begin;
  const { nodes } = await session.explain(inputs, { steps: 1 });
  return {
    name: `potstill ${kind}`,
    notes: `${nodes} nodes, first step with recording and compiling ${first.toFixed(0)} ms`,
    step: async () => {
      const [wall, processor] = [performance.now(), process.cpuUsage()];
      for (let i = 0; i < steps; i++) await session.train(inputs, { rate });
      const { user, system } = process.cpuUsage(processor);
      return [(performance.now() - wall) / steps, (user + system) / 1000 / steps];
    },
    stop: () => engine.dispose(),
  };
}

async function torch(python: string, kind: 'gru' | 'lstm'): Promise<Peer> {
  const script = fileURLToPath(new URL('torch/recurrent.py', import.meta.url));
  const args = [script, threads, kind, ...Object.values(sizes)].map(String);
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error(`${python} ended: is it a Python with torch?`);
    return line.value;
  };
  const version = await next();
  return {
    name: `PyTorch ${version} ${kind}`,
    notes: '',
    step: async () => {
      child.stdin.write(`steps ${steps}\n`);
      return (await next()).split(' ').map(Number) as [number, number];
    },
    stop: () => {
      child.kill();
      return Promise.resolve();
    },
  };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

console.log(
  `${os.cpus()[0]?.model ?? 'unknown processor'}, ${threads} threads; ${rounds} rounds of ${steps} steps; ${JSON.stringify(sizes)}`,
);
for (const kind of ['gru', 'lstm'] as const) {
  const peers = [await potstill(kind), ...(options.python ? [await torch(options.python, kind)] : [])];
  const times = new Map<Peer, Time[]>(peers.map((peer) => [peer, []]));
  for (const peer of peers) await peer.step();
  for (let round = 0; round < rounds; round++)
    for (const peer of peers) times.get(peer)?.push(await peer.step());
  for (const [{ name, notes }, list] of times) {
    const figures = [0, 1].map((i) => {
      const one = list.map((time) => time[i] as number);
      return `${median(one).toFixed(1)} (${Math.min(...one).toFixed(1)}-${Math.max(...one).toFixed(1)})`;
    });
    console.log(`${name}: ${figures[0]} ms a step, ${figures[1]} ms of the processor. ${notes}`);
  }
  for (const peer of peers) await peer.stop();
}

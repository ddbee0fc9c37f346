// One cold start, in a process of its own: from the definition of a step to the end of its first run, by stage. Prints a JSON line.
// usage: cold.ts MEMBER THREADS CACHE (npm run bench -- --cold starts this)
import { createEngine, randomStream, sgd } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { ort } from '@potstill/engine';
import { mark } from '../harness/protocol.js';
import { networkOf, variablesOf } from './network.js';

const [member = '', threads = '', cache = ''] = process.argv.slice(2);

/** Stages are told apart by when ONNX Runtime is called: whatever comes before it compiles is the engine's own work. */
const spent = { compile: 0, run: 0 };

async function counted<T>(stage: keyof typeof spent, body: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  try {
    return await body();
  } finally {
    spent[stage] += performance.now() - begin;
  }
}

const create = ort.InferenceSession.create.bind(ort.InferenceSession) as (
  ...args: unknown[]
) => Promise<ort.InferenceSession>;
Reflect.set(ort.InferenceSession, 'create', async (...args: unknown[]) => {
  const session = await counted('compile', () => create(...args));
  const run = session.run.bind(session) as (...args: unknown[]) => Promise<unknown>;
  Reflect.set(session, 'run', (...feeds: unknown[]) => counted('run', () => run(...feeds)));
  return session;
});

const network = networkOf(member);
await tf.setBackend('cpu');
const { variables, weight } = variablesOf(network);
const inputs = network.batch(0);
const engine = await createEngine({ threads: Number(threads), cache });
const begin = performance.now();
const session = await engine.training({
  variables,
  optimizer: sgd({ momentum: 0.9 }),
  random: randomStream(1),
  loss: (at, context) => network.loss(at, weight, context),
});
await session.train(inputs, { rate: network.rate });
const total = performance.now() - begin;
console.log(`${mark}${JSON.stringify({ record: total - spent.compile - spent.run, ...spent, total })}`);
process.exit();

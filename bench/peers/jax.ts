// Benchmark peer: jax-js on its WebAssembly backend.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { blockUntilReady, defaultDevice, init, jit, numpy as np, tree } from '@jax-js/jax';
import type { HostTensors } from '@potstill/engine';
import { twins } from '../jax/index.js';
import { arrayOf, type Arrays, weightOf } from '../jax/layers.js';
import { type Update, updateOf } from '../jax/step.js';
import type { Network } from '../members/member.js';
import { batchesOf, goRound, networkOf } from './network.js';
import { Cannot, serve } from './serve.js';

/** Its package.json is not exported. */
function version(): string {
  const file = new URL('../package.json', import.meta.resolve('@jax-js/jax'));
  return (JSON.parse(readFileSync(fileURLToPath(file), 'utf8')) as { readonly version: string }).version;
}

/** A network's weights from the start, moved by `update` at each step. */
async function training(
  network: Network,
  update: Update,
  batches: readonly Arrays[],
): Promise<() => Promise<number>> {
  const made = (trainable: boolean): Arrays =>
    Object.fromEntries(
      Object.entries(network.weights).flatMap(([name, weight]) =>
        weight.trainable === trainable ? [[name, weightOf(weight.value)]] : [],
      ),
    );
  let [weights, statistics] = [made(true), made(false)];
  let velocities: Arrays = {};
  for (const [name, weight] of Object.entries(weights)) velocities[name] = np.zeros(weight.shape);
  await blockUntilReady([weights, statistics, velocities]);
  const next = goRound(batches);
  return async () => {
    const [value, moved, faster, now] = update(weights, velocities, statistics, tree.ref(next()));
    [weights, velocities, statistics] = [moved, faster, now];
    // Without this, what the loss does not need would be left for the next step.
    await blockUntilReady([value, weights, velocities, statistics]);
    return value.item();
  };
}

/** Milliseconds of the second step. */
async function trial(step: () => Promise<number>): Promise<number> {
  await step();
  const begin = performance.now();
  await step();
  return performance.now() - begin;
}

await serve(async ({ member, rate, batches }) => {
  const twin = twins[member];
  if (!twin) throw new Cannot(`bench/jax has no ${member}`);
  await init('wasm');
  defaultDevice('wasm');
  const network = networkOf(member);
  const inputsOf =
    twin.inputs ??
    ((batch: HostTensors): Arrays =>
      Object.fromEntries(Object.entries(batch).map(([name, one]) => [name, arrayOf(one)])));
  const inputs = batchesOf(network, batches).map((batch) => inputsOf(batch));
  await blockUntilReady(inputs);
  // jit fuses, which helps an MLP and makes a convolution several times slower: jax-js gets the better one.
  const eager = updateOf(twin, rate);
  const ways = { eager, jit: jit(eager) } as const;
  const times = {
    eager: await trial(await training(network, ways.eager, inputs)),
    jit: await trial(await training(network, ways.jit, inputs)),
  };
  const best = times.jit < times.eager ? 'jit' : 'eager';
  const remark = [`with${best === 'jit' ? '' : 'out'} jit`, ...(twin.remark ? [twin.remark] : [])].join('; ');
  return {
    versions: { '@jax-js/jax': version() },
    remark,
    step: await training(network, ways[best], inputs),
  };
});

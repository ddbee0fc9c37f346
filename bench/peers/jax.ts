// Benchmark peer: jax-js on its WebAssembly backend.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { blockUntilReady, defaultDevice, init, jit } from '@jax-js/jax';
import { twins } from '../jax/index.js';
import { inputsOf, training, updateOf } from '../jax/step.js';
import { batchesOf, networkOf } from './network.js';
import { Cannot, serve } from './serve.js';

/** Its package.json is not exported. */
function version(): string {
  const file = new URL('../package.json', import.meta.resolve('@jax-js/jax'));
  return (JSON.parse(readFileSync(fileURLToPath(file), 'utf8')) as { readonly version: string }).version;
}

await serve(async ({ member, rate, batches }) => {
  const twin = twins[member];
  if (!twin) throw new Cannot(`bench/jax has no ${member}`);
  await init('wasm');
  defaultDevice('wasm');
  const network = networkOf(member);
  const inputs = batchesOf(network, batches).map((batch) => inputsOf(twin, batch));
  await blockUntilReady(inputs);
  const update = updateOf(twin, rate);
  const remark = [`with${twin.jit ? '' : 'out'} jit`, ...(twin.remark ? [twin.remark] : [])].join('; ');
  return {
    versions: { '@jax-js/jax': version() },
    remark,
    step: await training(network, twin.jit ? jit(update) : update, inputs),
  };
});

// Benchmark peer: the engine on ONNX Runtime.
import { createRequire } from 'node:module';
import { createEngine, randomStream, sgd } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { batchesOf, goRound, networkOf, variablesOf } from './network.js';
import { serve } from './serve.js';

const versionOf = (name: string): string =>
  (createRequire(import.meta.url)(`${name}/package.json`) as { readonly version: string }).version;

await serve(async ({ member, threads, rate, batches }) => {
  const network = networkOf(member);
  await tf.setBackend('cpu');
  const { variables, weight } = variablesOf(network);
  const engine = await createEngine({ threads });
  const session = await engine.training({
    variables,
    optimizer: sgd({ momentum: 0.9 }),
    random: randomStream(1),
    loss: (inputs, at) => network.loss(inputs, weight, at),
  });
  const next = goRound(batchesOf(network, batches));
  return {
    versions: { 'onnxruntime-node': versionOf('onnxruntime-node') },
    step: async () => (await session.train(next(), { rate })).loss,
  };
});

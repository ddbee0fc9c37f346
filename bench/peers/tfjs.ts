// Benchmark peers: TF.js run eagerly, on tfjs-node, wasm or plain cpu.
import { createEngine, withGradients } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { batchesOf, goRound, networkOf, trainingContext, variablesOf } from './network.js';
import { sameWherePossible } from './same.js';
import { Cannot, serve } from './serve.js';

interface Backend {
  /** TF.js's name of it. */
  readonly backend: string;
  readonly title: string;
  load(): Promise<unknown>;
  readonly missing: string;
}

const backends: Readonly<Record<string, Backend>> = {
  'tfjs-node': {
    backend: 'tensorflow',
    title: 'tfjs-node',
    load: async () => {
      // Loads it, and gives it the padding in numbers that members have.
      await createEngine({ backend: 'tensorflow' });
      sameWherePossible('tensorflow');
    },
    missing: '@tensorflow/tfjs-node is not installed (npm run setup:tfjs-node)',
  },
  'tfjs-wasm': {
    backend: 'wasm',
    title: 'TF.js wasm',
    load: () => import('@tensorflow/tfjs-backend-wasm'),
    missing: '@tensorflow/tfjs-backend-wasm is not installed (npm install)',
  },
  'tfjs-cpu': {
    backend: 'cpu',
    title: 'TF.js cpu',
    load: () => import('@tensorflow/tfjs'),
    missing: '@tensorflow/tfjs is not installed (npm install)',
  },
};

/** TF.js's sentence for a kernel that a backend lacks, shortened. */
function rethrow(error: unknown, title: string): never {
  const kernel = /[Kk]ernel '(\w+)' (?:not registered )?for backend/.exec(
    error instanceof Error ? error.message : '',
  );
  if (kernel) throw new Cannot(`${title} has no ${kernel[1]}`);
  throw error;
}

await serve(async ({ peer, member, rate, batches }) => {
  const chosen = backends[peer];
  if (!chosen) throw new Error(`no TF.js peer ${peer}`);
  const { backend, title, missing } = chosen;
  await chosen.load().catch((error: unknown) => {
    throw new Cannot(
      `${missing}: ${error instanceof Error ? (error.message.split('\n')[0] as string) : String(error)}`,
    );
  });
  if (!(await tf.setBackend(backend))) throw new Cannot(`TF.js does not start its backend ${backend}`);
  await tf.ready();
  const network = networkOf(member);
  const { variables, weight } = variablesOf(network);
  const trained = variables.flatMap(({ variable, trainable }) => (trainable ? [variable] : []));
  const optimizer = tf.train.momentum(rate, 0.9);
  const next = goRound(
    batchesOf(network, batches).map((batch) =>
      Object.fromEntries(
        Object.entries(batch).map(([name, { data, shape, dtype }]) => [
          name,
          tf.tensor(data, [...shape], dtype),
        ]),
      ),
    ),
  );
  return {
    versions: { '@tensorflow/tfjs': tf.version.tfjs },
    step: async () => {
      try {
        // TF.js alone has no gradient of dilated convolutions.
        const loss = withGradients(() =>
          optimizer.minimize(() => network.loss(next(), weight, trainingContext).loss, true, trained),
        ) as tf.Scalar;
        const [value] = await loss.data();
        loss.dispose();
        return value as number;
      } catch (error) {
        return rethrow(error, title);
      }
    },
  };
});

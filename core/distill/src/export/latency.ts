// How long a model takes for one example.
import { performance } from 'node:perf_hooks';
import type { Example, HostTensors } from '../contracts/index.js';
import { openOnnx } from './onnx-session.js';

export interface LatencyOptions {
  /** Runs before measuring. Default 10. */
  readonly warmUp?: number;
  /** Runs measured. Default 100. */
  readonly runs?: number;
}

/** Median wall time of `run` in milliseconds, after a warm-up; runs follow one another. */
export async function medianTime(run: () => Promise<unknown>, options: LatencyOptions = {}): Promise<number> {
  const { warmUp = 10, runs = 100 } = options;
  if (runs < 1) throw new Error(`internal: a median of ${runs} runs`);
  for (let i = 0; i < warmUp; i++) await run();
  const times = new Float64Array(runs);
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    times[i] = performance.now() - start;
  }
  times.sort();
  const middle = runs >> 1;
  return runs % 2 === 1
    ? (times[middle] as number)
    : ((times[middle - 1] as number) + (times[middle] as number)) / 2;
}

function withBatchAxis(example: Example): HostTensors {
  return Object.fromEntries(
    Object.entries(example).map(([name, tensor]) => [name, { ...tensor, shape: [1, ...tensor.shape] }]),
  );
}

/**
 * Median milliseconds of one example (batch 1) through an ONNX model (a file, or its bytes) in ONNX Runtime on the CPU, with the runtime's
 * default threads; the time from host arrays to host arrays, preprocessing not included. `example` has no batch axis.
 */
export async function measureLatency(
  model: string | Uint8Array,
  example: Example,
  options: LatencyOptions = {},
): Promise<number> {
  const session = await openOnnx(model);
  try {
    const inputs = withBatchAxis(example);
    return await medianTime(() => session.run(inputs), options);
  } finally {
    await session.release();
  }
}

// Holds lowerings against TF.js: every kernel that a function calls on the cpu backend is run again as a graph of its own.
import * as tf from '@tensorflow/tfjs';
import { ort } from '@potstill/engine';
import { expect } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import type { Value } from '../../src/graph/graph.js';
import { withGradients } from '../../src/kernels/gradients/install.js';
import { kernelTable } from '../../src/kernels/index.js';
import { portable } from '../../src/graph/target.js';
import type { Shaped } from '../../src/kernels/rule.js';
import type { DType } from '../../src/types.js';
import { visit } from '../helpers/visits.js';
import { encodeForTest } from './encoder.js';

interface Data extends Shaped {
  readonly data: ArrayLike<number>;
}

/** One kernel call on the cpu backend: what went in and what came out. */
export interface Call {
  readonly kernel: string;
  readonly inputs: Readonly<Record<string, Data>>;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Data[];
}

export interface Tolerance {
  /** Relative, default 1e-5. */
  readonly relative?: number;
  /** Default: 1e-5 of the largest output and 1e-6 of the largest input. */
  readonly absolute?: number;
  /** Kernels left out of the comparison, because random or tested elsewhere. */
  readonly except?: readonly string[];
}

tf.backend();
let tape: Call[] | undefined;
let depth = 0;

/** The cpu backend advertises tfjs-node at its first write. */
const quiet: unknown = tf.findBackend('cpu');
if (typeof quiet === 'object' && quiet !== null && 'firstUse' in quiet) quiet.firstUse = false;

for (const config of tf.getKernelsForBackend('cpu')) {
  tf.unregisterKernel(config.kernelName, 'cpu');
  tf.registerKernel({
    ...config,
    kernelFunc(parameters) {
      const read = ({ dataId, shape, dtype }: tf.TensorInfo): Data => ({
        shape: [...shape],
        dtype: dtype as DType,
        data: Float64Array.from(
          (parameters.backend as tf.KernelBackend).readSync(dataId) as ArrayLike<number>,
        ),
      });
      const taped = depth === 0 ? tape : undefined;
      if (taped && !kernelTable[config.kernelName]) throw new Error(`no rule for ${config.kernelName}`);
      const inputs =
        taped &&
        Object.fromEntries(
          Object.entries(parameters.inputs as Record<string, tf.TensorInfo | null | undefined>).flatMap(
            ([name, info]) => (info ? [[name, read(info)] as const] : []),
          ),
        );
      depth++;
      try {
        const made = config.kernelFunc(parameters);
        if (taped && inputs) {
          const outputs = (Array.isArray(made) ? made : [made]).map(read);
          taped.push({ kernel: config.kernelName, inputs, attributes: { ...parameters.attrs }, outputs });
        }
        return made;
      } finally {
        depth--;
      }
    },
  });
}

/** The kernels that `body` calls, with the engine's gradients. Throws when one has no rule. */
export function record(body: () => unknown): Call[] {
  tf.setBackend('cpu').catch((error: unknown) => {
    throw error;
  });
  tape = [];
  try {
    tf.tidy(() => {
      withGradients(body);
    });
    return tape;
  } finally {
    tape = undefined;
  }
}

const arrayOf = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Lowers one call to a graph, runs it, and gives its outputs. */
export async function runLowered(call: Call): Promise<Data[]> {
  const rule = kernelTable[call.kernel];
  if (!rule) throw new Error(`no rule for ${call.kernel}`);
  const graph = new GraphBuilder();
  const inputs: Record<string, Value> = {};
  const feeds: Record<string, ort.Tensor> = {};
  for (const [name, { shape, dtype, data }] of Object.entries(call.inputs)) {
    inputs[name] = graph.input(`in_${name}`, shape, dtype);
    feeds[`in_${name}`] = new ort.Tensor(dtype, arrayOf[dtype].from(data), shape);
  }
  const outputs = rule.lower({
    graph,
    inputs,
    attributes: call.attributes,
    outputs: call.outputs,
    target: portable,
  });
  const operators = graph.build(outputs).nodes.map(({ op }) => op);
  visit('agreement', call.kernel, { ...call, operators });
  const session = await ort.InferenceSession.create(encodeForTest(graph.build(outputs)), {
    logSeverityLevel: 3,
    intraOpNumThreads: 2,
  });
  try {
    const results = await session.run(feeds);
    return outputs.map((_, i) => {
      const result = results[`o${i}`];
      if (!result) throw new Error(`no output ${i}`);
      return {
        shape: [...result.dims],
        dtype: result.type as DType,
        data: Float64Array.from(result.data as ArrayLike<number>, Number),
      };
    });
  } finally {
    await session.release();
  }
}

/** The largest finite magnitude among numbers. */
const magnitude = (data: ArrayLike<number>): number =>
  Array.from(data).reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

function expectClose(
  actual: Data,
  expected: Data,
  call: Call,
  label: string,
  { relative = 1e-5, absolute }: Tolerance,
): void {
  // Sums that cancel are exact to the size of what was added, not of what is left.
  const added = Math.max(0, ...Object.values(call.inputs).map(({ data }) => magnitude(data)));
  const slack = absolute ?? 1e-5 * magnitude(expected.data) + 1e-6 * added;
  for (let i = 0; i < expected.data.length; i++) {
    const [x, y] = [actual.data[i] ?? NaN, expected.data[i] ?? NaN];
    if (Object.is(x, y) || x === y) continue;
    if (!(Math.abs(x - y) <= slack + relative * Math.abs(y))) {
      expect.fail(`${label}: element ${i} of [${expected.shape.join()}] is ${x}, TF.js has ${y}`);
    }
  }
}

/** Fails unless shapes, dtypes and numbers of a call agree with TF.js. */
export async function expectAgreement(call: Call, tolerance: Tolerance = {}): Promise<void> {
  const label = `${call.kernel} ${JSON.stringify(call.attributes)} of ${Object.entries(call.inputs)
    .map(([name, { shape, dtype }]) => `${name} ${dtype}[${shape.join()}]`)
    .join(', ')}`;
  const shapes = kernelTable[call.kernel]?.shapes(call.inputs, call.attributes);
  expect(shapes, label).toEqual(call.outputs.map(({ shape, dtype }) => ({ shape, dtype })));
  const results = await runLowered(call);
  for (const [i, expected] of call.outputs.entries()) {
    const actual = results[i];
    if (!actual) throw new Error(`${label}: output ${i} is missing`);
    expect({ shape: actual.shape, dtype: actual.dtype }, label).toEqual({
      shape: expected.shape,
      dtype: expected.dtype,
    });
    expectClose(actual, expected, call, label, tolerance);
  }
}

/** Runs `body` on TF.js and every kernel it called as ONNX; gives the kernels' names. */
export async function golden(body: () => unknown, tolerance: Tolerance = {}): Promise<string[]> {
  const calls = record(body);
  for (const call of calls) {
    if (!tolerance.except?.includes(call.kernel)) await expectAgreement(call, tolerance);
  }
  return calls.map(({ kernel }) => kernel);
}

/** One kernel called by name, as TF.js would. */
export const kernel = (
  name: string,
  inputs: Record<string, tf.Tensor> | tf.Tensor[],
  attributes: Record<string, unknown> = {},
): Promise<string[]> =>
  golden(() =>
    tf
      .engine()
      .runKernel(name, inputs as unknown as tf.NamedTensorMap, attributes as unknown as tf.NamedAttrMap),
  );

/** Standard normal numbers from a fixed seed. */
export const normal = (shape: number[], seed = 1): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Uniform numbers from a fixed seed. */
export const uniform = (shape: number[], low: number, high: number, seed = 1): tf.Tensor =>
  tf.randomUniform(shape, low, high, 'float32', seed);

// A teacher's graph in ONNX Runtime: its inputs and outputs, and running it with host tensors.
import { ort } from '@potstill/engine';
import type { HostTensor, HostTensors } from '@potstill/engine';
import type { ExternalFile } from './external-data.js';
import { fromFloat16 } from '../data/float16.js';
import { reasonOf, teacherInvalid, teacherOutput } from './invalid.js';

/** An input or output as the graph declares it. */
export interface GraphValue {
  readonly name: string;
  readonly type: string;
  /** Batch axis first; `null` where a length is free. Undefined when the graph declares no shape. */
  readonly shape: readonly (number | null)[] | undefined;
}

export interface TeacherSession {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Tensors are converted to the types that the graph declares; outputs of 16 and 64 bits come back as float32 and int32. */
  run(inputs: HostTensors, outputs: readonly string[]): Promise<HostTensors>;
  /** Runs it for types and shapes alone, of whatever type the outputs are; those that are no tensors are left out. */
  measure(inputs: HostTensors, outputs: readonly string[]): Promise<readonly GraphValue[]>;
  release(): Promise<void>;
}

/** Errors are thrown; the runtime need not print them as well. */
const quiet = { logSeverityLevel: 4 } as const;

/** Element types that data can be given in. */
const feedable = ['float32', 'float64', 'int64', 'int32', 'int8', 'uint8', 'bool'] as const;
type Feedable = (typeof feedable)[number];

function isFeedable(type: string): type is Feedable {
  return (feedable as readonly string[]).includes(type);
}

/** @throws PotstillError TEACHER_INVALID where ONNX Runtime refuses the graph, or an input has a type that data cannot have. */
export async function openSession(
  { path, external }: { readonly path: string; readonly external: readonly ExternalFile[] },
  bytes: Uint8Array,
  threads: number,
): Promise<TeacherSession> {
  const session = await ort.InferenceSession.create(bytes, {
    ...quiet,
    intraOpNumThreads: threads,
    ...(external.length === 0
      ? {}
      : { externalData: external.map((file) => ({ path: file.location, data: file.bytes })) }),
  }).catch((cause: unknown) => {
    throw teacherInvalid(
      `ONNX Runtime cannot load the teacher ${path}: ${reasonOf(cause)}`,
      'check the file (sha256), or export the model again with a current exporter',
      cause,
    );
  });
  const inputs = session.inputMetadata.map(graphValue);
  const types = new Map<string, Feedable>();
  for (const { name, type } of inputs) {
    if (!isFeedable(type)) {
      await session.release();
      throw teacherInvalid(
        `the teacher ${path} takes \`${name}\` as ${type}`,
        `inputs can be ${feedable.join(', ')}: convert the model`,
      );
    }
    types.set(name, type);
  }
  const execute = (tensors: HostTensors, outputs: readonly string[]) => {
    const feeds: Record<string, ort.Tensor> = {};
    for (const [name, type] of types) feeds[name] = toOrt(type, name, tensors[name]);
    return session.run(feeds, [...outputs], quiet);
  };
  return {
    inputs,
    outputs: session.outputMetadata.map(graphValue),
    async run(tensors, outputs) {
      const results = await execute(tensors, outputs);
      return Object.fromEntries(outputs.map((name) => [name, fromOrt(path, name, results[name])]));
    },
    async measure(tensors, outputs) {
      const results = await execute(tensors, outputs);
      return outputs.flatMap((name) => {
        const { type, dims } = (results[name] ?? {}) as Partial<ort.Tensor>;
        return type === undefined || dims === undefined ? [] : [{ name, type, shape: [...dims] }];
      });
    },
    release: () => session.release(),
  };
}

function graphValue(meta: ort.InferenceSession.ValueMetadata): GraphValue {
  if (!meta.isTensor) return { name: meta.name, type: 'no tensor', shape: undefined };
  const shape = meta.shape.map((length) => (typeof length === 'number' && length > 0 ? length : null));
  // An input without any axis has no batch axis: the file declares no shape.
  return { name: meta.name, type: meta.type, shape: shape.length === 0 ? undefined : shape };
}

function toOrt(type: Feedable, name: string, tensor: HostTensor | undefined): ort.Tensor {
  if (tensor === undefined) throw new Error(`internal: nothing is given for the teacher's input ${name}`);
  const { data, shape } = tensor;
  if (type === tensor.dtype) return new ort.Tensor(type, data, shape);
  switch (type) {
    case 'float32':
      return new ort.Tensor(type, Float32Array.from(data), shape);
    case 'float64':
      return new ort.Tensor(type, Float64Array.from(data), shape);
    case 'int64':
      return new ort.Tensor(
        type,
        BigInt64Array.from(data, (value) => BigInt(Math.round(value))),
        shape,
      );
    case 'int32':
      return new ort.Tensor(type, Int32Array.from(data, Math.round), shape);
    case 'int8':
      return new ort.Tensor(type, Int8Array.from(data, Math.round), shape);
    case 'uint8':
      return new ort.Tensor(type, Uint8Array.from(data, Math.round), shape);
    case 'bool':
      return new ort.Tensor(
        type,
        Uint8Array.from(data, (value) => Number(value !== 0)),
        shape,
      );
  }
}

function fromOrt(path: string, name: string, value: ort.OnnxValue | undefined): HostTensor {
  // Sequences and maps, as exported by scikit-learn, have neither type nor data.
  const { type, data, dims } = (value ?? {}) as Partial<ort.Tensor>;
  if (dims !== undefined) {
    const shape = [...dims];
    if (type === 'float32' && data instanceof Float32Array) return { dtype: 'float32', shape, data };
    if (type === 'float16') {
      // Newer versions of Node have Float16Array.
      const halves = data as unknown as ArrayLike<number>;
      const floats = halves instanceof Uint16Array ? fromFloat16(halves) : Float32Array.from(halves);
      return { dtype: 'float32', shape, data: floats };
    }
    if (type === 'float64' && data instanceof Float64Array)
      return { dtype: 'float32', shape, data: Float32Array.from(data) };
    if (type === 'int32' && data instanceof Int32Array) return { dtype: 'int32', shape, data };
    if (type === 'int64' && data instanceof BigInt64Array)
      return { dtype: 'int32', shape, data: Int32Array.from(data, Number) };
    if (type === 'bool' && data instanceof Uint8Array) return { dtype: 'bool', shape, data };
  }
  throw teacherOutput(
    `the output \`${name}\` of the teacher ${path} is ${type ?? 'no tensor'}`,
    'outputs can be float16, float32, float64, int32, int64 and bool; name another one in `outputs` (`potstill inspect` lists them)',
  );
}

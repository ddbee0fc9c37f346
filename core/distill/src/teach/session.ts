// A teacher's graph in ONNX Runtime: its inputs and outputs, and running it with host tensors.
import { ort } from '@potstill/engine';
import type { HostTensors } from '@potstill/engine';
import type { ExternalFile } from './external-data.js';
import { feedable, fromOrt, isFeedable, toOrt, type Feedable } from './element-types.js';
import { reasonOf, teacherInvalid } from './invalid.js';

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
  /** Tensors are converted to the types that the graph declares; outputs come back as float32, int32 or bool. */
  run(inputs: HostTensors, outputs: readonly string[]): Promise<HostTensors>;
  /** Runs it for types and shapes alone, of whatever type the outputs are; those that are no tensors are left out. */
  measure(inputs: HostTensors, outputs: readonly string[]): Promise<readonly GraphValue[]>;
  release(): Promise<void>;
}

/** Errors are thrown; the runtime need not print them as well. */
const quiet = { logSeverityLevel: 4 } as const;

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
    for (const [name, type] of types) {
      const tensor = tensors[name];
      if (!tensor) throw new Error(`internal: nothing is given for the teacher's input ${name}`);
      feeds[name] = toOrt(type, tensor);
    }
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

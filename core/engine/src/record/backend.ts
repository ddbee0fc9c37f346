// The TF.js backend that computes nothing: its kernels infer shapes and write a tape.
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/builder.js';
import type { KernelTable } from '../kernels/rule.js';
import { scanKernel } from '../kernels/scan.js';
import { recordBackendName } from '../tfjs.js';
import type { DType } from '../host-tensor.js';
import { drawOnStack } from './guard.js';
import { runRecorded } from './kernels.js';
import { compact, largestConstant, Recorded, refuseLarge, type Tape } from './tape.js';

const dtypes: readonly string[] = ['float32', 'int32', 'bool'] satisfies DType[];

class RecordBackend extends tf.KernelBackend {
  private readonly references = new Map<object, number>();
  private current: Tape | undefined;

  get tape(): Tape {
    if (!this.current) throw new Error('internal: the record backend is used outside a recording');
    return this.current;
  }

  /** Makes a tape current (or none) and gives the one before. */
  exchangeTape(tape: Tape | undefined): Tape | undefined {
    const before = this.current;
    this.current = tape;
    return before;
  }

  /** Starts counting references to a tensor. */
  hold(tensor: Recorded): Recorded {
    this.references.set(tensor, 1);
    return tensor;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): Recorded {
    const { tape } = this;
    if (!isDType(dtype))
      return tape.refuse(
        'ENGINE_SHAPE',
        `a ${dtype} tensor cannot be part of a step`,
        'Use float32, int32 or bool tensors.',
      );
    const draw = drawOnStack();
    if (draw !== undefined)
      tape.refuse(
        'ENGINE_BAKED_RANDOM',
        `tf.${draw} draws its numbers while the step is recorded; every step would see the same ones`,
        "Use `random` of the step context, or the engine's `dropout`.",
      );
    const data = compact(values as ArrayLike<number>, dtype);
    if ('values' in data && data.values.length > largestConstant) refuseLarge(tape, shape, dtype);
    return this.hold(new Recorded(shape, dtype, { kind: 'constant', data }));
  }

  override readSync(dataId: object): tf.BackendValues {
    if (!(dataId instanceof Recorded)) throw new Error('internal: foreign data in the record backend');
    const { source } = dataId;
    if (source.kind === 'constant') {
      const { data } = source;
      if ('values' in data) return data.values.slice();
      const size = sizeOf(dataId.shape);
      return dataId.dtype === 'float32'
        ? new Float32Array(size).fill(data.fill)
        : dataId.dtype === 'int32'
          ? new Int32Array(size).fill(data.fill)
          : new Uint8Array(size).fill(data.fill);
    }
    return this.tape.refuse(
      'ENGINE_HOST_VALUE',
      'the step asks for the value of a tensor while it is recorded; there are only shapes yet',
      'Return the value as a loss term or an output, and compare with tf.where, tf.greater and the like instead of `if`.',
    );
  }

  override read(dataId: object): Promise<tf.BackendValues> {
    try {
      return Promise.resolve(this.readSync(dataId));
    } catch {
      // The tape keeps the refusal and the recording ends with it. A rejection would go unhandled: the step cannot wait.
      return new Promise(() => undefined);
    }
  }

  override refCount(dataId: object): number {
    return this.references.get(dataId) ?? 0;
  }

  override incRef(dataId: object): void {
    const count = this.references.get(dataId);
    if (count !== undefined) this.references.set(dataId, count + 1);
  }

  override disposeData(dataId: object, force = false): boolean {
    const count = (this.references.get(dataId) ?? 0) - 1;
    if (count > 0 && !force) {
      this.references.set(dataId, count);
      return false;
    }
    this.references.delete(dataId);
    return true;
  }

  override move(): void {
    throw new Error('internal: data moved into the record backend');
  }

  override numDataIds(): number {
    return this.references.size;
  }

  override memory(): { unreliable: boolean; reasons: string[] } {
    return { unreliable: true, reasons: ['A recording holds no data.'] };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override dispose(): void {
    this.references.clear();
  }
}

function isDType(dtype: string): dtype is DType {
  return dtypes.includes(dtype);
}

let instance: RecordBackend | undefined;

/** Registers the backend and its kernels once; gives its only instance. */
export function recordBackend(table: KernelTable): RecordBackend {
  if (instance) return instance;
  const backend = new RecordBackend();
  // Priority -1: never chosen by default.
  tf.registerBackend(recordBackendName, () => backend, -1);
  const names = new Set([
    ...Object.keys(table),
    ...tf.getKernelsForBackend('cpu').map((kernel) => kernel.kernelName),
  ]);
  for (const kernelName of names)
    tf.registerKernel({
      kernelName,
      backendName: recordBackendName,
      kernelFunc: ({ inputs, attrs }) => {
        const outputs = runRecorded(backend.tape, table, kernelName, inputs, attrs ?? {});
        const infos = outputs.map((output) => ({
          dataId: backend.hold(output),
          shape: [...output.shape],
          dtype: output.dtype,
        }));
        return infos.length > 1 || severalOutputs.has(kernelName) ? infos : (infos[0] as tf.TensorInfo);
      },
    });
  instance = backend;
  return backend;
}

/** Kernels whose TF.js callers expect a list even of one output. */
const severalOutputs = new Set([
  'SplitV',
  'Unpack',
  'TopK',
  'Unique',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
  scanKernel,
]);

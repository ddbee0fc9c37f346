// A recording within a recording: a cell that becomes the body of a node.
import * as tf from '@tensorflow/tfjs-core';
import type { KernelTable, Shaped } from '../kernels/rule.js';
import { apart, recordBackendName } from '../tfjs.js';
import { recordBackend } from './backend.js';
import { recordedOf } from './kernels.js';
import { Recorded, show, Tape } from './tape.js';

/** What a nested recording does beside TF.js operations. */
export interface NestedRecorder {
  /** What has been recorded so far; grows. */
  readonly kernels: Tape['kernels'];
  /** A tensor that is an input of the body. */
  readonly input: (name: string, like: Shaped) => tf.Tensor;
  readonly recorded: (tensor: tf.Tensor) => Recorded;
}

/** Whether a step is being recorded, rather than run. */
export function isRecording(): boolean {
  return tf.getBackend() === recordBackendName;
}

/** The TF.js tensor of something recorded. */
export function tensorOfRecorded(table: KernelTable, recorded: Recorded): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo({
    dataId: recordBackend(table).hold(recorded),
    shape: [...recorded.shape],
    dtype: recorded.dtype,
  });
}

/** The recorded value, in the current recording, behind a TF.js tensor. */
export function recordedOfTensor(table: KernelTable, tensor: tf.Tensor): Recorded {
  return recordedOf(recordBackend(table).tape, tensor);
}

/** Runs `body`; what it throws ends the recording, even when the step catches it. */
export function failing<T>(table: KernelTable, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof Error) recordBackend(table).tape.failure ??= error;
    throw error;
  }
}

/**
 * Records `body` on its own tape during another recording. `body` returns what it made. It may use its own
 * inputs and constants; ENGINE_OPEN_CELL refuses tensors of the recording around it.
 */
export function recordNested<T extends readonly Recorded[]>(
  table: KernelTable,
  body: (recorder: NestedRecorder) => T,
): T {
  const backend = recordBackend(table);
  const outer = backend.tape;
  const tape = new Tape();
  // The step's variables are strangers to a cell as well; the definition's own are met in `refuseForeign`.
  for (const [recorded, name] of outer.strangers) tape.strangers.set(recorded, name);
  const own = new Set<Recorded>();
  backend.exchangeTape(tape);
  try {
    return apart(() => {
      let made: T | undefined;
      tf.tidy(() => {
        made = body({
          kernels: tape.kernels,
          input: (name, { shape, dtype }) => {
            const recorded = new Recorded([...shape], dtype, { kind: 'input', name });
            own.add(recorded);
            return tensorOfRecorded(table, recorded);
          },
          recorded: (tensor) => recordedOf(tape, tensor),
        });
      });
      refuseForeign(tape, own, made as T);
      if (tape.failure) throw tape.failure;
      return made as T;
    });
  } catch (error) {
    throw tape.failure ?? error;
  } finally {
    backend.exchangeTape(outer);
  }
}

/** A body is closed: what it uses from outside, its gradient would not reach. */
function refuseForeign(tape: Tape, own: ReadonlySet<Recorded>, outputs: readonly Recorded[]): void {
  const kernels = new Set(tape.kernels);
  const check = (used: Recorded | undefined, line: () => string | undefined): void => {
    if (!used || used.source.kind === 'constant' || own.has(used)) return;
    const { source } = used;
    if (source.kind === 'kernel' && kernels.has(source.kernel)) return;
    const variable = source.kind === 'input' ? /^variable:(.*)$/.exec(source.name)?.[1] : undefined;
    tape.refuse(
      'ENGINE_OPEN_CELL',
      `the cell of a scan uses ${variable === undefined ? `a tensor from outside (${show(used)})` : `the variable \`${variable}\``}, which it was not given`,
      'Give it to `scan` among the `constants` (the same at every step), the `sequences` (one part a step) or the `carry`.',
      line() ?? null,
    );
  };
  for (const { inputs, line } of tape.kernels) for (const input of Object.values(inputs)) check(input, line);
  for (const output of outputs) check(output, () => undefined);
}

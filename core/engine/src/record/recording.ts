// One recording: TF.js put on the record backend, variables pointed at placeholders, and everything put back.
import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from '../errors.js';
import { withGradients } from '../kernels/gradients/install.js';
import type { KernelTable } from '../kernels/rule.js';
import {
  type DataId,
  dropGradientTape,
  onBackend,
  recordBackendName,
  registeredVariables,
  setDataId,
  wrapGradients,
} from '../tfjs.js';
import type { DType } from '../host-tensor.js';
import type { NamedVariable } from '../types.js';
import { recordBackend } from './backend.js';
import { guardRandom } from './guard.js';
import { recordedOf } from './kernels.js';
import { recordedFrames } from './location.js';
import { Recorded, Tape } from './tape.js';

/** What a recorded function may do beside TF.js operations. */
export interface Recorder {
  readonly tape: Tape;
  /** A tensor that is an input of the graph. */
  readonly input: (name: string, shape: readonly number[], dtype: DType) => tf.Tensor;
  /** The recorded tensor behind a TF.js tensor, to be kept beyond the recording. */
  readonly recorded: (tensor: tf.Tensor) => Recorded;
}

export interface RecordOptions {
  /** Whether kernels know the user's line. Refusals do in any case. Default true. */
  readonly lines?: boolean;
}

export interface Recording<T> {
  readonly tape: Tape;
  readonly result: T;
  /** The variables' values at the end, in their order; the same as at the start when nothing assigned them. */
  readonly assigned: readonly Recorded[];
}

interface Placeholder {
  readonly variable: tf.Variable;
  readonly original: DataId;
  readonly tensor: tf.Tensor;
  readonly recorded: Recorded;
  /** Index among the definition's variables; undefined for others. */
  readonly index: number | undefined;
}

/** Name of the graph input that holds a variable. */
export function variableInput(name: string): string {
  return `variable:${name}`;
}

/**
 * Runs `body` once without computing anything. Variables of the definition become inputs of the graph, every other
 * live variable is refused when it is used. Throws the first refusal, even when `body` caught it.
 */
export function record<T>(
  table: KernelTable,
  variables: readonly NamedVariable[],
  body: (recorder: Recorder) => T,
  { lines = true }: RecordOptions = {},
): Recording<T> {
  const backend = recordBackend(table);
  const tape = new Tape(lines);
  const engine = tf.engine();
  const known = new Map(variables.map(({ variable }, index) => [variable, index] as const));
  const before = registeredVariables();
  const names = new Set(Object.keys(before));
  const all = new Set([...known.keys(), ...Object.values(before)]);
  const frames = Error.stackTraceLimit;
  const previous = backend.exchangeTape(tape);
  Error.stackTraceLimit = recordedFrames;
  try {
    return onBackend(recordBackendName, () => {
      const track = (recorded: Recorded): tf.Tensor =>
        engine.makeTensorFromTensorInfo({
          dataId: backend.hold(recorded),
          shape: [...recorded.shape],
          dtype: recorded.dtype,
        });
      const placeholders: Placeholder[] = [];
      for (const variable of all) {
        const index = known.get(variable);
        const placeholder = placeholderOf(variable, index, variables);
        if (!placeholder) continue;
        const tensor = tf.keep(track(placeholder));
        backend.incRef(placeholder);
        placeholders.push({ variable, original: variable.dataId, tensor, recorded: placeholder, index });
        setDataId(variable, placeholder);
        if (index === undefined) tape.strangers.set(placeholder, variable.name);
      }
      const recorder: Recorder = {
        tape,
        input: (name, shape, dtype) => track(new Recorded(shape, dtype, { kind: 'input', name })),
        recorded: (tensor) => recordedOf(tape, tensor),
      };
      try {
        let result: T | undefined;
        tf.tidy(() => {
          result = withGradients(() =>
            guardRandom(tape, () => wrapGradients(remember(tape), () => body(recorder))),
          );
        });
        refuseLeftovers(tape, placeholders, names);
        if (tape.failure) throw tape.failure;
        const assigned = placeholders.flatMap(({ variable, index }) =>
          index === undefined ? [] : [recordedOf(tape, variable)],
        );
        return { tape, result: result as T, assigned };
      } catch (error) {
        dropGradientTape();
        throw error;
      } finally {
        for (const { variable, original, tensor } of placeholders) {
          const { dataId } = variable;
          if (dataId instanceof Recorded && backend.disposeData(dataId)) engine.removeDataId(dataId, backend);
          setDataId(variable, original);
          tensor.dispose();
        }
        disposeNew(names);
      }
    });
  } catch (error) {
    throw tape.failure ?? error;
  } finally {
    Error.stackTraceLimit = frames;
    backend.exchangeTape(previous);
  }
}

/** Has the tape know, while a gradient is computed, the line of the operation that it belongs to. */
function remember(tape: Tape): Parameters<typeof wrapGradients>[0] {
  return (gradient) => {
    // The operation that has just run. TF.js adds up gradients after they are computed, so the line stays.
    const line = tape.kernels.at(-1)?.line;
    return (dys) => {
      tape.differentiated = line;
      return gradient(dys);
    };
  };
}

function placeholderOf(
  variable: tf.Variable,
  index: number | undefined,
  variables: readonly NamedVariable[],
): Recorded | undefined {
  const { shape, dtype } = variable;
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    if (index === undefined) return undefined;
    throw new EngineError(
      'ENGINE_SHAPE',
      `the variable \`${variables[index]?.name}\` is ${dtype}; float32, int32 and bool can be trained or held`,
    );
  }
  const name = index === undefined ? variable.name : (variables[index] as NamedVariable).name;
  return new Recorded([...shape], dtype, { kind: 'input', name: variableInput(name) });
}

/** The step may neither assign a variable that the definition does not list, nor make a new one. */
function refuseLeftovers(tape: Tape, placeholders: readonly Placeholder[], names: ReadonlySet<string>): void {
  for (const { variable, recorded, index } of placeholders)
    if (index === undefined && variable.dataId !== recorded)
      tape.refuse(
        'ENGINE_STATE',
        `the step assigns the variable \`${variable.name}\`, which is not among the definition's variables`,
        'List it in `variables`, with `trainable: false`.',
        null,
      );
  const made = Object.keys(registeredVariables()).find((name) => !names.has(name));
  if (made !== undefined)
    tape.refuse(
      'ENGINE_STATE',
      `the step makes a new variable, \`${made}\``,
      'Make variables before training; build tf.layers models by giving the first layer an inputShape.',
      null,
    );
}

function disposeNew(names: ReadonlySet<string>): void {
  for (const [name, variable] of Object.entries(registeredVariables()))
    if (!names.has(name)) variable.dispose();
}

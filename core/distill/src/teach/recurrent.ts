// Models that hear a sequence piece by piece: outputs that are fed back as inputs, and what came just before.
import type { HostTensor, HostTensors } from '@potstill/engine';
import { elementCount } from '../data/index.js';
import { hostTensor, zeros } from '../data/arrays.js';
import { teacherInvalid } from './invalid.js';
import type { GraphValue } from './session.js';

export interface RecurrentOptions {
  /** Elements of the first axis that the model takes at a time. */
  readonly chunk: number;
  /** Elements before the chunk that it is given with it; zeros at the start. */
  readonly context: number;
  /** Input -> the output that it is given the next time; zeros at first. */
  readonly state: Readonly<Record<string, string>>;
}

export interface Recurrence {
  /** The input that gets the sequence, a chunk at a time. */
  readonly input: string;
  readonly options: RecurrentOptions;
  /** Whether the model's input has no axis for a chunk of one element. */
  readonly squeezes: boolean;
  readonly states: readonly GraphValue[];
}

/**
 * Finds the inputs. TEACHER_INVALID where a name is not the model's or the length of a state is not declared.
 * `inputs` and `outputs` are the graph's.
 */
export function stateInputs(
  teacher: string,
  inputs: readonly GraphValue[],
  outputs: readonly string[],
  { state }: RecurrentOptions,
): readonly GraphValue[] {
  return Object.entries(state).map(([name, output]) => {
    const input = inputs.find((each) => each.name === name);
    if (!input)
      throw teacherInvalid(
        `the teacher ${teacher} has no input \`${name}\`; it has ${inputs.map((each) => each.name).join(', ')}`,
        'correct `recurrent.state`: the name of an input, then that of the output that it is given',
      );
    if (!outputs.includes(output))
      throw teacherInvalid(
        `the teacher ${teacher} has no output \`${output}\` for the state \`${name}\`; it has ${outputs.join(', ')}`,
        'correct `recurrent.state`: the name of an input, then that of the output that it is given',
      );
    const free = input.shape?.filter((length) => length === null).length ?? 0;
    if (free > 1)
      throw teacherInvalid(
        `the teacher ${teacher} does not tell the size of its state \`${name}\`: ${free} of its axes are free`,
        'export the model with a fixed size of the state; one axis, the batch, may be free',
      );
    return input;
  });
}

/** The sequence's input as it looks when its first axis is of any length. */
export function sequenceInput(input: GraphValue, squeezes: boolean): GraphValue {
  const { shape } = input;
  if (!shape) return input;
  const [batch = null, ...rest] = shape;
  return { ...input, shape: [batch, null, ...(squeezes ? rest : rest.slice(1))] };
}

/**
 * Runs the model over the whole length of the sequence. Its outputs get an axis of chunks after the batch's:
 * [batch, chunks, …]; a last part that is shorter than a chunk is filled up with zeros.
 */
export async function runRecurrent(
  { input, options, squeezes, states }: Recurrence,
  given: HostTensors,
  rows: number,
  wanted: readonly string[],
  run: (inputs: HostTensors, outputs: readonly string[]) => Promise<HostTensors>,
): Promise<HostTensors> {
  const sequence = given[input] as HostTensor;
  const chunks = Math.max(1, Math.ceil((sequence.shape[1] ?? 0) / options.chunk));
  let state: HostTensors = Object.fromEntries(states.map((each) => [each.name, start(each, rows)]));
  const names = [...new Set([...wanted, ...Object.values(options.state)])];
  const parts: HostTensors[] = [];
  for (let at = 0; at < chunks; at++) {
    const part = windowOf(sequence, at * options.chunk - options.context, options.context + options.chunk);
    const shape = squeezes ? [rows, ...part.shape.slice(2)] : part.shape;
    const results = await run({ ...given, ...state, [input]: { ...part, shape } }, names);
    state = Object.fromEntries(
      Object.entries(options.state).map(([name, output]) => [name, results[output] as HostTensor]),
    );
    parts.push(results);
  }
  return Object.fromEntries(
    wanted.map((name) => [name, joined(parts.map((part) => part[name] as HostTensor))]),
  );
}

function start({ type, shape = [] }: GraphValue, rows: number): HostTensor {
  const lengths = shape.map((length) => length ?? rows);
  const dtype = type.startsWith('float') ? 'float32' : type === 'bool' ? 'bool' : 'int32';
  return hostTensor(dtype, lengths, zeros(dtype, elementCount(lengths)));
}

/** `count` elements of the second axis from `from` on; zeros before the start and beyond the end. */
function windowOf({ dtype, data, shape }: HostTensor, from: number, count: number): HostTensor {
  const [rows = 0, length = 0, ...rest] = shape;
  const size = elementCount(rest);
  const out = zeros(dtype, rows * count * size);
  const [first, last] = [Math.max(0, from), Math.min(length, from + count)];
  if (last > first)
    for (let row = 0; row < rows; row++)
      out.set(
        data.subarray((row * length + first) * size, (row * length + last) * size),
        (row * count + first - from) * size,
      );
  return hostTensor(dtype, [rows, count, ...rest], out);
}

/** [batch, …] of each chunk as [batch, chunks, …]. */
function joined(parts: readonly HostTensor[]): HostTensor {
  const [first] = parts as [HostTensor, ...HostTensor[]];
  const [rows = 0, ...rest] = first.shape;
  const size = elementCount(rest);
  const out = zeros(first.dtype, rows * parts.length * size);
  parts.forEach(({ data }, at) => {
    for (let row = 0; row < rows; row++)
      out.set(data.subarray(row * size, (row + 1) * size), (row * parts.length + at) * size);
  });
  return hostTensor(first.dtype, [rows, parts.length, ...rest], out);
}

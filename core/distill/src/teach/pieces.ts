// Splits batches for models with a fixed batch size, pads the last piece, and joins the answers.
import type { HostTensor, HostTensors } from '@potstill/engine';
import { elementCount, shapeText } from '../data/index.js';
import { hostTensor, zeros } from '../data/arrays.js';
import { teacherOutput } from './invalid.js';

/**
 * Runs `rows` examples, `piece` at a time (null: all at once). `run` gets tensors with exactly `piece` rows.
 * @throws PotstillError TEACHER_OUTPUT where an output does not have one row per example.
 */
export async function runInPieces(
  inputs: HostTensors,
  rows: number,
  piece: number | null,
  run: (inputs: HostTensors, rows: number) => Promise<HostTensors>,
): Promise<HostTensors> {
  const step = piece ?? rows;
  if (step === rows) return checked(await run(inputs, rows), rows);
  const parts: HostTensors[] = [];
  for (let start = 0; start < rows; start += step) {
    const part = mapTensors(inputs, (tensor) => piecesOf(tensor, start, step));
    const count = Math.min(step, rows - start);
    parts.push(mapTensors(checked(await run(part, step), step), (tensor) => head(tensor, count)));
  }
  const [first = {}] = parts;
  return mapTensors(first, (_, name) => concatenate(parts.map((part) => part[name] as HostTensor)));
}

function checked(outputs: HostTensors, rows: number): HostTensors {
  for (const [name, { shape }] of Object.entries(outputs)) {
    if (shape[0] === rows) continue;
    throw teacherOutput(
      `the teacher answered ${rows} examples with \`${name}\` of shape ${shapeText(shape)}: its first axis is not the batch`,
      'choose another output: it must have one row per example',
    );
  }
  return outputs;
}

function mapTensors(
  tensors: HostTensors,
  change: (tensor: HostTensor, name: string) => HostTensor,
): HostTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

/** `count` rows from `start`; rows beyond the end are zeros. */
function piecesOf(tensor: HostTensor, start: number, count: number): HostTensor {
  const [rows = 0, ...rest] = tensor.shape;
  const length = elementCount(rest);
  const part = tensor.data.subarray(start * length, (start + count) * length);
  if (start + count <= rows) return hostTensor(tensor.dtype, [count, ...rest], part);
  const filled = zeros(tensor.dtype, count * length);
  filled.set(part);
  return hostTensor(tensor.dtype, [count, ...rest], filled);
}

function head(tensor: HostTensor, count: number): HostTensor {
  const rest = tensor.shape.slice(1);
  return hostTensor(tensor.dtype, [count, ...rest], tensor.data.subarray(0, count * elementCount(rest)));
}

function concatenate(parts: readonly HostTensor[]): HostTensor {
  const [first] = parts;
  if (!first) throw new Error('internal: nothing to put together');
  const out = zeros(
    first.dtype,
    parts.reduce((sum, { data }) => sum + data.length, 0),
  );
  let at = 0;
  for (const { data } of parts) {
    out.set(data, at);
    at += data.length;
  }
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return hostTensor(first.dtype, [rows, ...first.shape.slice(1)], out);
}

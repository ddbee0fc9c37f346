// What ONNX Runtime did with a graph: the nodes that it ran, and how long each took.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import * as ort from '../onnx-runtime.js';
import { readOnnxModel } from '../onnx/model.js';

/** A node as ONNX Runtime ran it. */
export interface ProfiledNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Median over the runs. */
  readonly milliseconds: number;
}

/** Runs before those that count: memory is reserved and caches are filled. */
const warmUp = 2;
const prefix = 'profile';
const suffix = '_kernel_time';

/** Runs a model `steps` times under ONNX Runtime's profiler; all that it writes goes to a temporary folder. */
export async function profileModel(
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
  feeds: Readonly<Record<string, ort.Tensor>>,
  outputs: readonly string[],
  steps: number,
): Promise<readonly ProfiledNode[]> {
  const folder = await mkdtemp(join(os.tmpdir(), 'potstill-explain-'));
  try {
    const optimised = join(folder, 'optimised.onnx');
    const session = await ort.InferenceSession.create(model, {
      ...options,
      enableProfiling: true,
      profileFilePrefix: join(folder, prefix),
      optimizedModelFilePath: optimised,
    });
    try {
      for (let i = 0; i < warmUp + steps; i++) await session.run(feeds, outputs);
      session.endProfiling();
    } finally {
      await session.release();
    }
    const file = (await readdir(folder)).find((name) => name.startsWith(prefix));
    if (file === undefined) throw new Error('internal: ONNX Runtime wrote no profile');
    return timed(
      await readFile(optimised),
      JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[],
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
}

/** The nodes of the optimised model in its order, with their times. Nodes of inner graphs are part of those that run them. */
function timed(optimised: Uint8Array, events: readonly ProfileEvent[]): ProfiledNode[] {
  const durations = new Map<string, number[]>();
  for (const { cat, name, dur } of events) {
    if (cat !== 'Node' || !name.endsWith(suffix)) continue;
    const node = name.slice(0, -suffix.length);
    const list = durations.get(node);
    if (list) list.push(dur);
    else durations.set(node, [dur]);
  }
  return (readOnnxModel(optimised).graph?.node ?? []).map(
    ({ name = '', opType = '', input = [], output = [] }) => ({
      name,
      op: opType,
      inputs: input,
      outputs: output,
      milliseconds: median((durations.get(name) ?? []).slice(warmUp)) / 1000,
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

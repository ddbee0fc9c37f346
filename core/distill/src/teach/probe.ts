// Runs the teacher once on zeros, to find the shapes of its outputs and whether its batch size is free.
import type { HostTensor, HostTensors } from '@potstill/engine';
import type { TensorSpecs } from '../contracts/index.js';
import { hostTensor, zeros } from '../data/arrays.js';
import { PotstillError } from '../errors/potstill-error.js';
import { sampleInputs, type Feeds } from './feeds.js';
import { reasonOf, teacherInvalid } from './invalid.js';
import { runInPieces } from './pieces.js';
import type { GraphValue } from './session.js';

/** Rows in the probe: a number that is rare among other axes, so that an output without a batch axis is noticed. */
const tried = 7;

/** Lengths tried for axes of varying length: an output axis that changes with them varies, too. */
export const triedLengths = [16, 24] as const;

export interface Probed {
  /** Outputs without the batch axis. */
  readonly specs: TensorSpecs;
  /** Examples per run where the batch size is fixed, else null. */
  readonly piece: number | null;
}

/**
 * Tries several examples where the graph declares a free batch axis, and one at a time where that fails: exporters leave an
 * axis free that a reshape inside has fixed.
 * @throws PotstillError TEACHER_INVALID where the model cannot be run on such data; TEACHER_OUTPUT for its outputs.
 */
export async function probe(
  path: string,
  inputs: readonly GraphValue[],
  feeds: Feeds,
  run: (inputs: HostTensors, rows: number) => Promise<HostTensors>,
  lengths: readonly [number, number] = triedLengths,
): Promise<Probed> {
  const varies = [...feeds.values()].some(({ shape }) => shape?.includes(null));
  const answers = (rows: number, length: number): Promise<HostTensors> =>
    runInPieces(sampleInputs(feeds, rows, length), rows, rows, run);
  const specsAt = async (rows: number): Promise<TensorSpecs> => {
    const first = await answers(rows, lengths[0]);
    const second = varies ? await answers(rows, lengths[1]) : first;
    return Object.fromEntries(
      Object.entries(first).map(([name, { dtype, shape }]) => [
        name,
        {
          dtype,
          shape: shape.slice(1).map((n, axis) => (second[name]?.shape[axis + 1] === n ? n : null)),
        },
      ]),
    );
  };
  const batched = inputs.filter(({ name }) => feeds.get(name)?.shape !== undefined);
  const fixed = batched.find(({ shape }) => typeof shape?.[0] === 'number')?.shape?.[0] ?? null;
  if (fixed === null) {
    try {
      return { specs: await specsAt(tried), piece: null };
    } catch {
      // If something is wrong, the run with one example reports it.
    }
  }
  const piece = fixed ?? 1;
  try {
    return { specs: await specsAt(piece), piece };
  } catch (cause) {
    if (cause instanceof PotstillError) throw cause;
    throw teacherInvalid(
      `the teacher ${path} cannot run on this data: ${reasonOf(cause)}`,
      'compare `input.layout`, `inputs` and the shape of the data with what the model expects',
      cause,
    );
  }
}

/** The answer to no example. */
export function emptyOutputs(specs: TensorSpecs): HostTensors {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { dtype, shape }]): [string, HostTensor] => [
      name,
      hostTensor(dtype, [0, ...shape.map((length) => length ?? 0)], zeros(dtype, 0)),
    ]),
  );
}

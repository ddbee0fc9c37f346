// What sessions hold in memory, and whether one more step fits.
import os from 'node:os';
import { EngineError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { bytesOf, peakBytes } from '../graph/liveness.js';
import type { RandomDraw } from '../record/random.js';
import { type InputShapes, userInput } from '../record/step.js';
import type { MemoryAccount } from '../types.js';

/** What one graph takes beside the parameters. */
export type GraphMemory = Pick<MemoryAccount, 'constants' | 'inputs' | 'random' | 'activations'>;

/** Counts a graph as it is compiled. `draws`: the random inputs that it has. */
export function graphMemory(graph: Graph, draws: readonly RandomDraw[] = []): GraphMemory {
  const drawn = new Set(draws.map(({ input }) => input));
  const sum = (values: Iterable<Parameters<typeof bytesOf>[0]>): number =>
    [...values].reduce((total, value) => total + bytesOf(value), 0);
  return {
    constants: sum(graph.constants.keys()),
    inputs: sum(graph.inputs.filter(({ name }) => name.startsWith(userInput('')))),
    random: sum(graph.inputs.filter(({ name }) => drawn.has(name))),
    activations: peakBytes(graph),
  };
}

/** Adds up parts of accounts. */
export function accountOf(...parts: readonly Partial<MemoryAccount>[]): MemoryAccount {
  const sum = (key: keyof MemoryAccount): number =>
    parts.reduce((total, part) => total + (part[key] ?? 0), 0);
  const account = {
    parameters: sum('parameters'),
    slots: sum('slots'),
    constants: sum('constants'),
    inputs: sum('inputs'),
    random: sum('random'),
    activations: sum('activations'),
  };
  return { ...account, total: Object.values(account).reduce((total, bytes) => total + bytes, 0) };
}

/** What is left of it when no run is under way: ONNX Runtime keeps each graph's memory for its next run. */
export function betweenRuns({ constants, activations }: GraphMemory): Partial<MemoryAccount> {
  return { constants, activations };
}

/** Something that holds memory now. */
export interface Holder {
  held(): MemoryAccount;
}

/** Bytes that this process may still take. macOS counts what it would give up at once as used: there all that is built in. */
function availableBytes(): number {
  if (process.platform === 'darwin') return os.totalmem();
  // From Node 20.13, and knows of the limits that containers set.
  return 'availableMemory' in process ? process.availableMemory() : os.freemem();
}

/** Refuses what will not fit. */
export class MemoryBudget {
  /** `limit`: bytes for all that `holders` hold together; by default what the machine has left. */
  constructor(
    private readonly limit: number | undefined,
    private readonly holders: Iterable<Holder>,
  ) {}

  /** Throws ENGINE_MEMORY when what comes beside `held` (of the same session) to make `then` does not fit. */
  admit(held: MemoryAccount, then: MemoryAccount, what: string, inputs: InputShapes): void {
    // Inputs are there already: the caller made them.
    const more = then.total - then.inputs - held.total;
    const free =
      this.limit === undefined
        ? availableBytes()
        : this.limit - accountOf(...Array.from(this.holders, (holder) => holder.held())).total;
    if (more <= free) return;
    const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape}]`);
    throw new EngineError(
      'ENGINE_MEMORY',
      `${what} on ${shapes.join(', ')} needs ${bytesText(more)} more (${partsText(then)} in all), and ${bytesText(Math.max(0, free))} ${this.limit === undefined ? 'are free' : `of the limit of ${bytesText(this.limit)} are left`}`,
      {
        hint: 'Use a smaller batch and `accumulate` gradients over several, or recompute activations with `checkpoint`.',
      },
    );
  }
}

function partsText(account: MemoryAccount): string {
  return (['parameters', 'slots', 'constants', 'random', 'activations'] as const)
    .filter((part) => account[part] > 0)
    .map((part) => `${part} ${bytesText(account[part])}`)
    .join(', ');
}

/** `1.3 GB`, in powers of 1024. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1024;
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

// What a benchmark run found, as the JSON file has it.
import { renameSync, writeFileSync } from 'node:fs';
import type { Machine } from './machine.js';
import type { Measured } from './measure.js';
import { type PeerKey, type PeerName, peers } from './peers.js';

/** Milliseconds of a step by peer; null for what is not installed, was not asked for or cannot run the member. */
export type Result = {
  readonly member: string;
  readonly threads: number;
  readonly unit: 'ms';
} & Readonly<Record<PeerKey, number | null>> & {
    /** Smallest and largest median of a round. */
    readonly spread: Partial<Record<PeerKey, readonly [number, number]>>;
    readonly steps: Partial<Record<PeerKey, number>>;
    /** At the first step, before any update. */
    readonly loss: Partial<Record<PeerKey, number>>;
    /** How a peer ran, where there is a choice. */
    readonly remarks: Partial<Record<PeerKey, string>>;
    /** Why a peer is null. */
    readonly notes: Partial<Record<PeerKey, string>>;
  };

/** From the definition of a step to the end of its first run, with the engine's cache of graphs empty (`cold`) or holding the graph (`warm`). */
export interface ColdResult {
  readonly member: string;
  readonly threads: number;
  readonly unit: 'ms';
  readonly cache: 'cold' | 'warm';
  /** The engine's own work: recording, lowering, passes, reading or writing its cache. */
  readonly record: number;
  /** Compiling in ONNX Runtime. */
  readonly compile: number;
  readonly run: number;
  readonly total: number;
}

export interface Report {
  readonly machine: Machine;
  readonly results: readonly Result[];
  readonly cold?: readonly ColdResult[];
}

const round = (x: number): number => Number(x.toPrecision(5));

/** One line of the results. */
export function resultOf(member: string, threads: number, measured: ReadonlyMap<PeerName, Measured>): Result {
  const entries = [...measured].map(([name, found]) => [peers[name].key, found] as const);
  const of = <T>(pick: (found: Measured) => T | undefined): Partial<Record<PeerKey, T>> => {
    const picked: Partial<Record<PeerKey, T>> = {};
    for (const [key, found] of entries) {
      const value = pick(found);
      if (value !== undefined) picked[key] = value;
    }
    return picked;
  };
  const none = Object.fromEntries(Object.values(peers).map(({ key }) => [key, null])) as Record<
    PeerKey,
    null
  >;
  return {
    member,
    threads,
    unit: 'ms',
    ...none,
    ...of(({ ms }) => (ms === null ? null : round(ms))),
    spread: of(({ spread }) => spread && ([round(spread[0]), round(spread[1])] as const)),
    steps: of(({ steps }) => steps),
    loss: of(({ loss }) => loss),
    remarks: of(({ remark }) => remark),
    notes: of(({ note }) => note),
  };
}

/** The better of PyTorch eager and compiled. */
export function bestTorch({ torch, torchCompiled }: Result): number | null {
  if (torch === null || torchCompiled === null) return torch ?? torchCompiled;
  return Math.min(torch, torchCompiled);
}

/** Under another name first: whoever ends the benchmark in the midst keeps the file before. */
export function writeReport(file: string, report: Report): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(report, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

// Steps of one member with all passes of the engine and with all but one, in turns.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine, type Engine, randomStream, sgd, type TrainingSession } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import type { PassName, PassSwitches } from '../../core/engine/src/passes/index.js';
import { goRound, networkOf, variablesOf } from '../peers/network.js';
import { median } from './statistics.js';

export interface LeaveOutSettings {
  /** One thread is measured in processor time, more in wall time. */
  readonly threads: number;
  readonly rounds: number;
  /** Length of a block of steps. */
  readonly seconds: number;
  /** A folder for compiled graphs, by which equal ones are known. */
  readonly cache: string;
  /** Convolutions stay plain throughout, as on machines where ONNX Runtime has no blocked ones. */
  readonly plain: boolean;
}

export interface Gain {
  readonly member: string;
  readonly plain: boolean;
  readonly pass: PassName;
  /** Time of a step without the pass over that with it, median of the rounds; null where the graph is the same. */
  readonly ratio: number | null;
  /** Smallest and largest ratio of a round. */
  readonly spread: readonly [number, number];
}

interface Setting {
  readonly engine: Engine;
  readonly session: TrainingSession;
  readonly step: () => Promise<unknown>;
  readonly graph: Buffer;
}

/** Bytes before an entry's facts and model: the cache's magic word and a checksum. */
const head = 'potstill graph 1\n'.length + 32;

/** So little that the weights hardly move: a network that has converged on its few batches is full of denormals. */
const shareOfRate = 0.01;

export async function* compareWithout(
  member: string,
  passes: readonly PassName[],
  settings: LeaveOutSettings,
): AsyncGenerator<Gain> {
  await tf.setBackend('cpu');
  const base: PassSwitches = settings.plain ? { 'block-convolutions': false } : {};
  const network = networkOf(member);
  const batches = [0, 1].map((i) => network.batch(i));
  const prepare = async (without?: PassName): Promise<Setting> => {
    const { variables, weight } = variablesOf(network);
    const cache = mkdtempSync(join(settings.cache, 'graph-'));
    const engine = await createEngine({
      threads: settings.threads,
      cache,
      passes: { ...base, ...(without !== undefined && { [without]: false }) },
    });
    const session = await engine.training({
      variables,
      optimizer: sgd({ momentum: 0.9 }),
      random: randomStream(1),
      loss: (inputs, at) => network.loss(inputs, weight, at),
    });
    for (const { variable } of variables) variable.dispose();
    const next = goRound(batches);
    const step = () => session.train(next(), { rate: network.rate * shareOfRate });
    for (let warm = 0; warm < 3; warm++) await step();
    const [file = ''] = readdirSync(cache);
    return { engine, session, step, graph: readFileSync(join(cache, file)).subarray(head) };
  };
  const all = await prepare();
  for (const pass of passes) {
    const without = await prepare(pass);
    const ratios = without.graph.equals(all.graph) ? [] : await ratiosOf(all, without, settings);
    yield {
      member,
      plain: settings.plain,
      pass,
      ratio: ratios.length === 0 ? null : median(ratios),
      spread: [Math.min(...ratios), Math.max(...ratios)],
    };
    await without.engine.dispose();
  }
  await all.engine.dispose();
}

/** A ratio each round; who comes first alternates. */
async function ratiosOf(all: Setting, without: Setting, settings: LeaveOutSettings): Promise<number[]> {
  const ratios: number[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    const order = round % 2 === 0 ? [all, without] : [without, all];
    const times = new Map<Setting, number>();
    for (const one of order) times.set(one, await blockOf(one, settings));
    ratios.push((times.get(without) as number) / (times.get(all) as number));
  }
  return ratios;
}

/** Median milliseconds of the steps of one block: at least three, however long they take. */
async function blockOf({ step }: Setting, { threads, seconds }: LeaveOutSettings): Promise<number> {
  const times: number[] = [];
  const now = threads === 1 ? cpuMilliseconds : () => performance.now();
  const end = performance.now() + 1000 * seconds;
  await step();
  while (times.length < 3 || performance.now() < end) {
    const begin = now();
    await step();
    times.push(now() - begin);
  }
  return median(times);
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

// One member with one number of threads: all peers in turn, round after round.
import { setTimeout } from 'node:timers/promises';
import { Child, LeftOut } from './child.js';
import { cpusFor, cpuTime } from './cpus.js';
import { commandOf, type PeerName, peers, type PeerSetting } from './peers.js';
import { strangers } from './losses.js';
import { median } from './statistics.js';

export interface Plan extends Omit<PeerSetting, 'name'> {
  readonly names: readonly PeerName[];
  readonly rounds: number;
  /** For which each peer runs in each round. */
  readonly seconds: number;
  /** A peer that takes longer for a step is left out. */
  readonly limit: number;
  /** Pins peers to as many processors as there are threads. */
  readonly pin: boolean;
  /** Of slow peers and those left out whom threads do not touch: what another number of threads has shown. */
  readonly known: ReadonlyMap<PeerName, Measured>;
  /** One line about what goes on. */
  readonly tell: (line: string) => void;
}

export interface Measured {
  /** Median of the medians of the rounds; null when left out. */
  readonly ms: number | null;
  /** Smallest and largest median of a round. */
  readonly spread?: readonly [number, number];
  readonly steps?: number;
  /** A step takes longer than a round's seconds: measured once. */
  readonly slow?: boolean;
  readonly versions?: Readonly<Record<string, string>>;
  readonly remark?: string;
  /** At the first step, before any update. */
  readonly loss?: number;
  /** Why it was left out. */
  readonly note?: string;
  /** The note tells of a fault, not of something that is not there. */
  readonly fault?: boolean;
}

/** Seconds for loading libraries, and for what is compiled at the first step. */
const patience = 1200;

class Runner {
  readonly rounds: number[] = [];
  steps = 0;
  private about: Pick<Measured, 'versions' | 'remark'> = {};
  loss = NaN;
  /** Takes part in the first round only. */
  slow = false;
  left: { readonly note: string; readonly fault: boolean } | undefined;
  private child: Child | undefined;

  constructor(
    readonly name: PeerName,
    private readonly plan: Plan,
  ) {}

  get pid(): number | undefined {
    return this.left ? undefined : this.child?.pid;
  }

  /** Starts the process and makes the first steps; returns when it is ready to be measured. */
  async start(cpus: readonly number[] | undefined): Promise<void> {
    const { limit, seconds } = this.plan;
    await this.try(async () => {
      this.child = new Child(commandOf({ ...this.plan, name: this.name }, cpus));
      const { versions, remark } = await this.child.ready(patience);
      this.about = { versions, ...(remark !== undefined && { remark }) };
      const wait = peers[this.name].compiles ? patience : limit;
      const { loss, ms } = await this.child.ask({ ask: 'first' }, wait);
      this.loss = loss;
      if (ms < 4000 * seconds) return;
      // Was it the compiling, or are all steps like that? One step tells, and is the measurement if they are.
      const again = await this.child.ask({ ask: 'run', seconds: 0, most: 1 }, limit);
      this.slow = (again.ms[0] as number) > 1000 * seconds;
      if (this.slow) this.add(again.ms);
    });
    if (this.slow) this.end();
  }

  async round(): Promise<void> {
    const { seconds, limit } = this.plan;
    if (this.left || this.slow) return;
    await this.try(async () => {
      // At least one step warms up and one is measured, each of which may take up to the limit.
      const wait = 2 * (seconds + limit);
      this.add((await (this.child as Child).ask({ ask: 'run', seconds, most: 1e6 }, wait)).ms);
    });
  }

  private add(times: readonly number[]): void {
    this.rounds.push(median(times));
    this.steps += times.length;
  }

  private async try(body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error;
      const said = this.child?.said ?? '';
      if (said !== '' && this.name === 'potstill') console.error(said);
      this.leave(error.message, this.name === 'potstill');
    }
  }

  leave(note: string, fault: boolean): void {
    this.left = { note, fault };
    this.end();
  }

  end(): void {
    this.child?.end();
  }

  result(): Measured {
    const { rounds, steps, about, loss, left } = this;
    const known = { ...about, ...(Number.isNaN(loss) ? {} : { loss }) };
    if (left) return { ms: null, ...known, note: left.note, ...(left.fault && { fault: true }) };
    const spread = [Math.min(...rounds), Math.max(...rounds)] as const;
    const remark = [about.remark, this.slow ? 'slow, one step measured' : undefined]
      .filter((one) => one !== undefined)
      .join('; ');
    const all = { ms: median(rounds), spread, steps, slow: this.slow, ...known };
    return remark === '' ? all : { ...all, remark };
  }
}

/** Leaves out, as a fault, whoever does not train the same network. */
function compareLosses(runners: readonly Runner[]): void {
  const running = runners.filter(({ left }) => !left);
  const found = strangers(new Map(running.map(({ name, loss }) => [name, loss])));
  for (const runner of running) {
    const note = found.get(runner.name);
    if (note !== undefined) runner.leave(note, true);
  }
}

/** Runs `body` and says who of the others used the processor meanwhile. */
async function watchIdle(
  busy: Runner,
  runners: readonly Runner[],
  body: () => Promise<void>,
): Promise<string[]> {
  const idle = runners.filter((runner) => runner !== busy && runner.pid !== undefined);
  const before = idle.map(({ pid }) => cpuTime(pid));
  const begin = performance.now();
  await body();
  const elapsed = performance.now() - begin;
  return idle.flatMap(({ name, pid }, i) => {
    const used = (cpuTime(pid) ?? 0) - (before[i] ?? 0);
    // The clock of processes ticks in hundredths of a second.
    return used > 20 && used / elapsed > 0.03 ? [`${name} used ${used} ms while ${busy.name} ran`] : [];
  });
}

/** Of what was measured, that which need not be measured again with another number of threads. */
export function settled(measured: ReadonlyMap<PeerName, Measured>): Map<PeerName, Measured> {
  return new Map(
    [...measured].filter(([name, { slow, ms }]) => peers[name].single && (slow === true || ms === null)),
  );
}

/** Measures all peers of a plan. The order of turns changes from round to round, so that no peer always follows the same one. */
export async function measure(plan: Plan): Promise<Map<PeerName, Measured>> {
  const cpus = plan.pin ? cpusFor(plan.threads) : undefined;
  const runners = plan.names.flatMap((name) => (plan.known.has(name) ? [] : [new Runner(name, plan)]));
  try {
    for (const runner of runners) {
      plan.tell(`${runner.name}: first step`);
      await runner.start(cpus);
    }
    compareLosses(runners);
    for (let round = 0; round < plan.rounds; round++) {
      plan.tell(`round ${round + 1} of ${plan.rounds}`);
      const turn = round % runners.length;
      for (const runner of [...runners.slice(turn), ...runners.slice(0, turn)]) {
        // Thread pools spin for some milliseconds after their work.
        await setTimeout(50);
        for (const line of await watchIdle(runner, runners, () => runner.round()))
          console.error(`not idle: ${line}`);
      }
    }
  } finally {
    for (const runner of runners) runner.end();
  }
  return new Map([...plan.known, ...runners.map((runner) => [runner.name, runner.result()] as const)]);
}

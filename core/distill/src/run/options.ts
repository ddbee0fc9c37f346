// Options of a run beside its recipe.
import type { Plugin, Services } from '../contracts/index.js';

export interface RunOptions {
  /** Where run folders lie. Default `runs` in the working directory. */
  readonly runsFolder?: string;
  /** This run's folder. Default: `<name>-<hash>` in the runs folder, with -2, -3… when it is taken. */
  readonly runFolder?: string;
  /** Continue in the latest folder of the same recipe (or in `runFolder`); without one, start a new run. Default false. */
  readonly resume?: boolean;
  /** A folder that keeps compiled steps, so that the next run starts sooner. Default false: nothing is kept. */
  readonly cache?: string | false;
  /** Aborting it writes a checkpoint and ends the run with `TRAIN_INTERRUPTED`. */
  readonly signal?: AbortSignal;
  /** Services that go before those of potstill and of plugins: `progress` and `logger`, as a rule. */
  readonly services?: Partial<Services>;
  /** Plugins at hand by the name under which recipes ask for them; others are imported. For recipes of teachers. */
  readonly known?: ReadonlyMap<string, Plugin>;
  /** Checkpoints within an epoch, beside the one at its end. Default every 30 seconds. */
  readonly checkpointEvery?: { readonly seconds: number } | { readonly steps: number };
}

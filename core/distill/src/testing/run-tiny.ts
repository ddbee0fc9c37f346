// A whole run of a small recipe with the plugin under test, in a folder that is removed by the caller.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { openRecipe } from '../container/open-recipe.js';
import type { Plugin, RunEvent, Services } from '../contracts/index.js';
import { dataset, definePlugin, teacher } from '../plugin/define.js';
import { builtInPlugin } from '../run/built-in.js';
import { runRecipe, type RunResult } from '../run/run-recipe.js';
import { tinyDataset, tinyTeacher } from './tiny.js';

/** `tiny/points` and `tiny/teacher`, which every recipe of {@link runTiny} may use. */
const tinyPlugin = definePlugin({
  name: 'potstill/testing',
  version: '1.0.0',
  potstill: '*',
  components: [
    dataset('tiny/points', {
      help: 'Points around one centre a class.',
      options: z.strictObject({
        size: z.int().positive().default(60).describe('Number of examples.'),
        seed: z.int().default(1).describe('Seed of the points.'),
      }),
      create: tinyDataset,
    }),
    teacher('tiny/teacher', {
      help: 'The features as scores.',
      options: z.strictObject({}),
      create: tinyTeacher,
    }),
  ],
});

/** What every recipe of {@link runTiny} begins with. Keys of the test's recipe replace these. */
const defaults = {
  name: 'tiny',
  data: { train: { use: 'tiny/points' }, test: { use: 'tiny/points', seed: 2 } },
  teacher: 'tiny/teacher',
  student: { use: 'mlp', hidden: [8] },
  losses: ['cross-entropy'],
  train: { epochs: 2, batch: 16, optimizer: 'adam', rate: 0.01, seed: 1 },
  baseline: false,
  threads: 1,
};

export interface TinyTrial {
  /** The plugin under test. */
  readonly plugin: Plugin;
  /** Keys of a recipe, which replace those of the tiny recipe. `plugins` is filled in. */
  readonly recipe?: Readonly<Record<string, unknown>>;
  /** Services in place of those of potstill and of the plugin. */
  readonly services?: Partial<Services>;
}

export interface TinyRun extends RunResult {
  /** A new folder with the recipe and, below `runs`, the run folder. Remove it after the test. */
  readonly folder: string;
  readonly events: readonly RunEvent[];
}

/** Runs a recipe of two epochs on sixty points; takes about a second. Errors are those of a run. */
export async function runTiny({ plugin, recipe = {}, services = {} }: TinyTrial): Promise<TinyRun> {
  const folder = await mkdtemp(join(tmpdir(), 'potstill-tiny-'));
  const known = new Map([tinyPlugin, plugin].map((each) => [each.name, each]));
  const file = join(folder, 'recipe.yaml');
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ ...defaults, ...recipe, plugins: [...known.keys()] }, null, 2));
  const events: RunEvent[] = [];
  const result = await runRecipe(await openRecipe(file, { builtIn: [builtInPlugin], known }), {
    runsFolder: join(folder, 'runs'),
    known,
    services: {
      progress: { emit: (event) => events.push(event) },
      logger: pino({ enabled: false }),
      ...services,
    },
  });
  return { ...result, folder, events };
}

// `series.json` of a finished series, read again: which of its runs is the best, and what is checked of them.
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../files/json.js';
import { seriesFile } from '../names.js';

const run = z.looseObject({ seed: z.number(), folder: z.string().nullable() });
const runs = z.array(run);

/** Of `series.json` what is read again. */
const schema = z.looseObject({
  seriesFormat: z.literal(1),
  name: z.string(),
  hash: z.string(),
  points: z.array(z.looseObject({ runs, rungs: z.array(z.looseObject({ runs })).optional() })),
  best: z.looseObject({ point: z.int(), seed: z.number(), folder: z.string() }),
  exports: z.array(z.looseObject({ path: z.string(), sha256: z.string() })),
});

export type RecordedSeries = z.infer<typeof schema>;

export const seriesHint =
  'Run the recipe again: what is done is taken over, and the folder of the series is written anew.';

/** Undefined where the folder holds no finished series. A damaged file is `RUN_CHECKPOINT_DAMAGED`. */
export async function readSeries(
  folder: string,
): Promise<{ readonly value: RecordedSeries; readonly sealed: boolean } | undefined> {
  return readJson(join(folder, seriesFile), schema, seriesHint);
}

/** The run folders of a series, each once, relative to its own. */
export function runFoldersOf({ points }: RecordedSeries): string[] {
  const all = points.flatMap((point) => [...(point.rungs ?? []).flatMap((rung) => rung.runs), ...point.runs]);
  return [...new Set(all.flatMap(({ folder }) => (folder === null ? [] : [folder])))];
}

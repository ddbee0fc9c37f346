// What the folder of a series is called.
import { createHash } from 'node:crypto';
import type { SeriesPlan } from '../../recipe/plan.js';
import { recipeHash } from '../../recipe/resolved.js';

/** `<name>-series-<first 8 digits of its hash>` */
export function seriesFolderName(name: string, hash: string): string {
  return `${name}-series-${hash.slice(0, 8)}`;
}

/** sha256 (hex) of the hashes of all runs, in their order. */
export function seriesHash({ points, rungs }: SeriesPlan): string {
  const hashes = points.flatMap(({ runs, rungs: short }) =>
    [...runs, ...short.flat()].map(({ plan }) => recipeHash(plan)),
  );
  // The same runs may be chosen from in another way.
  hashes.push(...rungs.map(({ keep }) => String(keep)));
  return createHash('sha256').update(hashes.join('\n')).digest('hex');
}

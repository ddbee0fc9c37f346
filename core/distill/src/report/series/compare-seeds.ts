// Distilled against alone over seeds: a paired test of the differences, in words.
import { significance, signFlip } from '../chance.js';
import { number, plural } from '../format.js';
import type { Primary } from '../figures.js';
import { pText } from '../verdict-text.js';
import { spreadOf } from './spread.js';

export interface SeedComparison {
  /** Of each seed: how much better the distilled student is than the student alone, by the figure that decides. */
  readonly gains: readonly number[];
  readonly mean: number;
  /** Sample standard deviation; null for one seed. */
  readonly deviation: number | null;
  readonly better: number;
  readonly worse: number;
  /** Of the sign-flip test of the gains, two-sided. */
  readonly p: number;
  /** The smallest p that so many seeds can give: 2 / 2^n. */
  readonly smallestP: number;
  /** The same for people. */
  readonly words: string;
}

/** Seeds that are needed before a test of signs can give p < 0.05. */
const enoughSeeds = Math.ceil(1 - Math.log2(significance));

/** A difference with its unit: `3.2 errors`, `1.24 percentage points`. */
function amount({ unit, title, singular = title }: Primary, gain: number): string {
  const size = Math.abs(gain);
  if (unit === 'share') return `${(100 * size).toFixed(2)} percentage points`;
  if (unit === 'count') return `${number(size)} ${(size === 1 ? singular : title).toLowerCase()}`;
  return `${number(size)} (${title.toLowerCase()})`;
}

/** `pairs`: the figure of the student alone and of the distilled student, a pair a seed. Undefined without a pair. */
export function compareSeeds(
  pairs: readonly (readonly [alone: number, distilled: number])[],
  primary: Primary,
): SeedComparison | undefined {
  const gains = pairs.map(([alone, distilled]) =>
    primary.better === 'lower' ? alone - distilled : distilled - alone,
  );
  const spread = spreadOf(gains);
  if (!spread || spread.count < gains.length) return undefined;
  const better = gains.filter((gain) => gain > 0).length;
  const worse = gains.filter((gain) => gain < 0).length;
  const found = {
    gains,
    mean: spread.mean,
    deviation: spread.deviation,
    better,
    worse,
    p: signFlip(gains),
    smallestP: Math.min(1, 2 / 2 ** gains.length),
  };
  return { ...found, words: wordsOf(found, primary) };
}

function wordsOf(
  { gains, mean, deviation, better, worse, p, smallestP }: Omit<SeedComparison, 'words'>,
  primary: Primary,
): string {
  const n = gains.length;
  const even = n - better - worse;
  const others = [
    ...(worse > 0 ? [`worse with ${worse}`] : []),
    ...(even > 0 ? [`as good with ${even}`] : []),
  ];
  const spread = deviation === null ? '' : ` (standard deviation ${amount(primary, deviation)})`;
  const average =
    mean === 0
      ? 'On average there is no difference.'
      : `On average it is ${mean > 0 ? 'better' : 'worse'} by ${amount(primary, mean)}${spread}.`;
  const seen = `The distilled student is better than the student alone with ${better} of ${plural(n, 'seed')}${others.length > 0 ? `, ${others.join(' and ')}` : ''}. ${average}`;
  if (smallestP >= significance)
    return `${seen} ${plural(n, 'seed')} cannot show a difference beyond chance: even if all agreed, the sign-flip test would give ${pText(smallestP)}. It takes ${enoughSeeds} seeds or more.`;
  return `${seen} That ${p < significance ? 'is more than chance' : 'may be chance'} (sign-flip test of the ${n} differences, ${pText(p)}).`;
}

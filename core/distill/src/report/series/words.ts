// What a series found, in sentences; and the numbers of its tables.
import { describe, primaryOf, withName, type DescribedFigure, type Primary } from '../figures.js';
import { number, plural } from '../format.js';
import type { SeriesPointSummary, SeriesSummary } from './summary.js';
import type { Spread } from './spread.js';

/** The figure that decides; undefined where nothing that says how good a model is was measured. */
export function primaryFigure({ figures, primary }: SeriesSummary): Primary | undefined {
  return primary === null ? undefined : primaryOf(figures, primary);
}

/** The points from best to worst on validation data; those without a number last, in the order in which they were run. */
export function ranked(summary: SeriesSummary): SeriesPointSummary[] {
  const sign = primaryFigure(summary)?.better === 'lower' ? 1 : -1;
  const key = ({ validation }: SeriesPointSummary) =>
    validation === null || Number.isNaN(validation) ? Infinity : sign * validation;
  return [...summary.points].sort((a, b) => (key(a) === key(b) ? 0 : key(a) < key(b) ? -1 : 1));
}

/** `72.4 ± 3.1`, in the unit of the figure; a single value without a spread. */
export function spreadText(figure: DescribedFigure, spread: Spread | undefined): string {
  if (!spread) return figure.format(undefined);
  // A mean of counts is no whole number.
  const text = figure.unit === 'count' ? tenths : figure.format;
  const { mean, deviation } = spread;
  if (deviation === null) return figure.format(mean);
  return figure.unit === 'share'
    ? `${(100 * mean).toFixed(2)} ± ${(100 * deviation).toFixed(2)} %`
    : `${text(mean)} ± ${text(deviation)}`;
}

function tenths(value: number | undefined): string {
  return value === undefined
    ? number(undefined)
    : value.toLocaleString('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** A value of a sweep as recipes write it. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `train.rate=0.01, losses.0.temperature=4` */
export function valuesText(values: SeriesPointSummary['values']): string {
  return Object.entries(values)
    .map(([path, value]) => `${path}=${valueText(value)}`)
    .join(', ');
}

/** One or two sentences. */
export function headlineOf(summary: SeriesSummary): string {
  const { points, best, seeds, paths } = summary;
  const kept = points[best.point];
  const runs = points.flatMap((point) => point.runs).length;
  if (paths.length === 0)
    return (
      kept?.comparison?.words ?? `The recipe was run with ${plural(runs, 'seed')}. ${studentWords(summary)}`
    );
  const made = `Of ${plural(points.length, 'point')}, ${valuesText(kept?.values ?? {})} is best on validation data.`;
  if (seeds !== null && kept?.comparison) return `${made} ${kept.comparison.words}`;
  return `${made} ${studentWords(summary)}`;
}

function studentWords(summary: SeriesSummary): string {
  const figure = primaryFigure(summary);
  const spread = figure && summary.points[summary.best.point]?.student?.[figure.name];
  if (!figure || !spread) return 'Nothing was measured that says how good a student is.';
  return `Its student has ${figure.title.toLowerCase()} ${spreadText(figure, spread)} on ${summary.evaluatedOn} data.`;
}

/** Which student was kept, and by what. */
export function keptWords(summary: SeriesSummary): string {
  const { best, seeds } = summary;
  const figure = primaryFigure(summary);
  const which = seeds === null ? 'Its student' : `The student of seed ${best.seed}`;
  if (best.validation === null || !figure)
    return `${which} was exported: there is no validation data to choose by, so it is simply the first.`;
  return `${which} was exported: it has ${withName(figure, best.validation)} on validation data${seeds === null ? '' : ', the best of all seeds'}. Figures on ${summary.evaluatedOn} data took no part in the choice.`;
}

/** Figures of the closing table that were measured, the one that decides first. */
export function shownFigures(summary: SeriesSummary): DescribedFigure[] {
  const primary = primaryFigure(summary);
  const names = new Set([...(primary ? [primary.name] : []), ...summary.columns]);
  return [...names].map((name) => describe(name, summary.figures));
}

/** The models of a series under the names of a run's report. */
export function modelsOf({ points }: SeriesSummary) {
  const distilled = points.some(({ teacher }) => teacher !== null);
  return (
    [
      { role: 'teacher', name: 'Teacher' },
      { role: 'baseline', name: 'Student alone' },
      { role: 'student', name: distilled ? 'Distilled' : 'Student' },
    ] as const
  ).filter(({ role }) => points.some((point) => point[role] !== null));
}

// What a series found, in sentences; and the numbers of its tables.
import { describe, primaryOf, withName, type DescribedFigure, type Primary } from '../figures.js';
import { number, plural } from '../format.js';
import type { SeriesPointSummary, SeriesSummary } from './summary.js';
import { spreadOf, type Spread } from './spread.js';

/** The figure that decides; undefined where nothing that says how good a model is was measured. */
export function primaryFigure({ figures, primary }: SeriesSummary): Primary | undefined {
  return primary === null ? undefined : primaryOf(figures, primary);
}

/**
 * The points from best to worst on validation data; those without a number last, in the order in which they were run. With
 * successive halving those come first that got further.
 */
export function ranked(summary: SeriesSummary): SeriesPointSummary[] {
  const sign = primaryFigure(summary)?.better === 'lower' ? 1 : -1;
  const key = (point: SeriesPointSummary) => {
    const validation = point.runs.length > 0 ? point.validation : point.rungs?.at(-1)?.validation;
    return typeof validation !== 'number' || Number.isNaN(validation) ? Infinity : sign * validation;
  };
  const trainings = ({ runs, rungs = [] }: SeriesPointSummary) => rungs.length + Math.min(runs.length, 1);
  return [...summary.points].sort((a, b) => {
    const further = trainings(b) - trainings(a);
    return further !== 0 || key(a) === key(b) ? further : key(a) < key(b) ? -1 : 1;
  });
}

/** What a point has on validation data on each rung of successive halving, and after its whole training. */
export function validationTexts(summary: SeriesSummary, point: SeriesPointSummary): string[] {
  const primary = primaryFigure(summary);
  if (!primary) return [];
  const text = (runs: SeriesPointSummary['runs']) =>
    runs.length === 0 ? '' : spreadText(primary, spreadOf(runs.map(({ validation }) => validation)));
  return [...(summary.rungs ?? []).map((_, at) => text(point.rungs?.[at]?.runs ?? [])), text(point.runs)];
}

/** What their columns are called after: `2 epochs`, `validation`. */
export function validationTitles({ rungs = [] }: SeriesSummary): string[] {
  return [...rungs.map(({ epochs }) => `validation, ${plural(epochs, 'epoch')}`), 'validation'];
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
  const short = (summary.rungs ?? []).reduce((sum, rung) => sum + rung.runs, 0);
  const halved = short > 0 ? ` after ${plural(short, 'shorter run')} and ${plural(runs, 'whole one')}` : '';
  const made = `Of ${plural(points.length, 'point')}${halved}, ${valuesText(kept?.values ?? {})} is best on validation data.`;
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

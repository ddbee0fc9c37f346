// The closing tables of a series: models over the seeds, the points of a sweep, and what was found in words.
import type { SeriesSummary } from '../report/series/summary.js';
import {
  headlineOf,
  keptWords,
  modelsOf,
  primaryFigure,
  ranked,
  shownFigures,
  spreadText,
  validationTexts,
  validationTitles,
  valuesText,
  valueText,
} from '../report/series/words.js';
import { plural } from '../report/format.js';

/** More points than that are read in the report. */
const mostRows = 20;

/** Cells as lines of equal width: the first column to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[], left: number): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at < left ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** A row a model: mean and standard deviation over the seeds, of the point that was kept. */
function modelRows(summary: SeriesSummary): string[] {
  const { points, best, seeds, evaluatedOn, paths } = summary;
  const kept = points[best.point];
  if (!kept || seeds === null) return [];
  const figures = shownFigures(summary);
  const rows = modelsOf(summary).map(({ role, name }) => [
    name.toLowerCase(),
    ...figures.map((figure) => spreadText(figure, kept[role]?.[figure.name])),
  ]);
  const of = paths.length > 0 ? `${valuesText(kept.values)}: ` : '';
  return [
    ...table([[`on ${evaluatedOn} data`, ...figures.map(({ name }) => name)], ...rows], 1),
    `${of}mean ± standard deviation over ${plural(seeds.length, 'seed')}: ${seeds.join(', ')}`,
    '',
  ];
}

/** A row a point, the best first. */
function pointRows(summary: SeriesSummary): string[] {
  const { paths, evaluatedOn } = summary;
  if (paths.length === 0) return [];
  const primary = primaryFigure(summary);
  const figures = shownFigures(summary);
  const points = ranked(summary);
  const rows = points
    .slice(0, mostRows)
    .map((point) => [
      ...paths.map((path) => (path in point.values ? valueText(point.values[path]) : '')),
      ...validationTexts(summary, point),
      ...figures.map((figure) =>
        point.runs.length > 0 ? spreadText(figure, point.student?.[figure.name]) : '',
      ),
    ]);
  const heading = [
    ...paths,
    ...(primary ? validationTitles(summary).map((title) => `${primary.name} (${title})`) : []),
    ...figures.map(({ name }) => `${name} (${evaluatedOn})`),
  ];
  const more = points.length - rows.length;
  return [...table([heading, ...rows], paths.length), ...(more > 0 ? [`and ${more} more`] : []), ''];
}

export function seriesTable(summary: SeriesSummary): string {
  return [...pointRows(summary), ...modelRows(summary), headlineOf(summary), keptWords(summary)].join('\n');
}

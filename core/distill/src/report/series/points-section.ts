// Section "Points": the points of a sweep, the best on validation data first.
import type { Section } from '../../contracts/index.js';
import { html } from '../html.js';
import { scroll } from '../parts.js';
import type { SeriesSummary } from './summary.js';
import {
  primaryFigure,
  ranked,
  shownFigures,
  spreadText,
  validationTexts,
  validationTitles,
  valueText,
} from './words.js';

/** Undefined without a sweep. */
export function pointsSection(summary: SeriesSummary): Section | undefined {
  const { paths, evaluatedOn } = summary;
  if (paths.length === 0) return undefined;
  const primary = primaryFigure(summary);
  const figures = shownFigures(summary);
  const rows = ranked(summary).map(
    (point) =>
      html`<tr>
        ${paths.map((path) => html`<td>${path in point.values ? valueText(point.values[path]) : ''}</td>`)}
        ${validationTexts(summary, point).map((text) => html`<td>${text}</td>`)}
        ${figures.map((figure) => html`<td>${point.runs.length > 0 && spreadText(figure, point.student?.[figure.name])}</td>`)}
        <td class="text">
          ${[...point.runs, ...(point.rungs ?? []).flatMap(({ runs }) => runs)].find(({ failure }) => failure !== null)?.failure ?? ''}
        </td>
      </tr>`,
  );
  return {
    id: 'points',
    title: 'Points',
    body: scroll(
      'Points',
      html`<table>
        <caption>
          The student of each point, the best on validation data first. Figures on ${evaluatedOn} data are
          there to be read, not to choose by.
        </caption>
        <thead>
          <tr>
            ${paths.map((path) => html`<th scope="col"><code>${path}</code></th>`)}
            ${primary && validationTitles(summary).map((title) => html`<th scope="col">${primary.title}, ${title}</th>`)}
            ${figures.map(({ title }) => html`<th scope="col">${title}, ${evaluatedOn}</th>`)}
            <th></th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    ),
  };
}

// Section "Runs": every run with its figures and its own report.
import type { Section } from '../../contracts/index.js';
import { plural } from '../format.js';
import { html } from '../html.js';
import { scroll } from '../parts.js';
import type { SeriesSummary } from './summary.js';
import { modelsOf, primaryFigure, valuesText } from './words.js';

export function runsSection(summary: SeriesSummary): Section {
  const { points, paths, evaluatedOn } = summary;
  const primary = primaryFigure(summary);
  const models = modelsOf(summary);
  const all = points.flatMap(({ values, runs, rungs = [] }) => [
    ...rungs.flatMap(({ epochs, runs: short }) => short.map((run) => ({ values, run, epochs }))),
    ...runs.map((run) => ({ values, run, epochs: undefined })),
  ]);
  const rows = all.map(
    ({ values, epochs, run: { seed, folder, validation, ...run } }) =>
      html`<tr>
        ${paths.length > 0 && html`<td class="text">${valuesText(values)}${epochs !== undefined && `, ${plural(epochs, 'epoch')}`}</td>`}
        <td>${seed}</td>
        ${primary && html`<td>${primary.format(validation ?? undefined)}</td>`}
        ${
          primary &&
          models.map(({ role }) => html`<td>${primary.format(run[role]?.[primary.name] ?? undefined)}</td>`)
        }
        <td class="text">
          ${folder === null ? (run.failure ?? '') : html`<a href="${folder}/report.html">${folder.split('/').at(-1)}</a>`}
        </td>
      </tr>`,
  );
  return {
    id: 'runs',
    title: 'Runs',
    body: scroll(
      'Runs',
      html`<table>
        <thead>
          <tr>
            ${paths.length > 0 && html`<th scope="col" class="text">Point</th>`}
            <th scope="col">Seed</th>
            ${primary && html`<th scope="col">${primary.title}, validation</th>`}
            ${primary && models.map(({ name }) => html`<th scope="col">${name}, ${evaluatedOn}</th>`)}
            <th scope="col" class="text">Report</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    ),
  };
}

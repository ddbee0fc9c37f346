// Students that taught each other, beside the recipe's own: the figures of the closing table.
import type { Figure, ReportModel, Section } from '../../contracts/index.js';
import { describe, numberOf } from '../figures.js';
import { html } from '../html.js';
import { named, scroll } from '../parts.js';

/** A table of the student and its peers, which the report does not compare by tests. */
export function peersSection(
  student: ReportModel,
  peers: Readonly<Record<string, ReportModel>>,
  figures: readonly Figure[],
): Section {
  const shown = figures
    .map(({ name }) => describe(name, figures))
    .filter(({ name }) => numberOf(student, name) !== undefined);
  const rows = [['student', student] as const, ...Object.entries(peers)];
  return {
    id: 'peers',
    title: 'Students that taught each other',
    body: scroll(
      'peers',
      html`<table>
        <thead>
          <tr>
            <th>Model</th>
            ${shown.map(({ title }) => html`<th class="number">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, model]) =>
              html`<tr>
                <th>${named(name)}</th>
                ${shown.map(
                  (figure) => html`<td class="number">${figure.format(numberOf(model, figure.name))}</td>`,
                )}
              </tr>`,
          )}
        </tbody>
      </table>`,
    ),
  };
}

// Models beside those that a report compares: students that taught each other, the teachers that a teacher is made of.
import type { Figure, ReportModel, Section } from '../../contracts/index.js';
import { describe, numberOf } from '../figures.js';
import { html } from '../html.js';
import { named, scroll } from '../parts.js';

/** A table of the figures of the closing table; the report does not compare these models by tests. The first is the one of the comparison. */
export function besideSection(
  { id, title }: Pick<Section, 'id' | 'title'>,
  models: Readonly<Record<string, ReportModel>>,
  figures: readonly Figure[],
): Section {
  const rows = Object.entries(models);
  const shown = figures
    .map(({ name }) => describe(name, figures))
    .filter(({ name }) => rows.some(([, model]) => numberOf(model, name) !== undefined));
  return {
    id,
    title,
    body: scroll(
      id,
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

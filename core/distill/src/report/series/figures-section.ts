// Section "Figures": mean and spread of every figure by model, of the point that was kept.
import type { Section } from '../../contracts/index.js';
import { html } from '../html.js';
import { describe } from '../figures.js';
import { plural } from '../format.js';
import { scroll } from '../parts.js';
import type { SeriesSummary } from './summary.js';
import { modelsOf, spreadText, valuesText } from './words.js';

/** Undefined where each point has one run, whose own report has them. */
export function figuresSection(summary: SeriesSummary): Section | undefined {
  const { points, best, seeds, figures, paths, evaluatedOn } = summary;
  const kept = points[best.point];
  if (seeds === null || !kept) return undefined;
  const models = modelsOf(summary);
  const seen = figures.filter(
    ({ name }) => name !== 'count' && models.some(({ role }) => kept[role]?.[name] !== undefined),
  );
  const rows = seen.map(({ name }) => {
    const figure = describe(name, figures);
    return html`<tr>
      <th scope="row">${figure.title}</th>
      ${models.map(({ role }) => html`<td>${spreadText(figure, kept[role]?.[name])}</td>`)}
    </tr>`;
  });
  const of = paths.length > 0 ? `${valuesText(kept.values)}: ` : '';
  return {
    id: 'figures',
    title: 'Figures over the seeds',
    body: scroll(
      'Figures over the seeds',
      html`<table class="summary">
        <caption>
          ${of}mean ± standard deviation over ${plural(seeds.length, 'seed')}, on ${evaluatedOn} data
        </caption>
        <thead>
          <tr>
            <th></th>
            ${models.map(({ role, name }) => html`<th scope="col"><span class="key ${role}"></span>${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    ),
  };
}

// Section "Learning rates": what a search for the learning rate tried and chose.
import { dotTrack, scaleOf } from '../charts/index.js';
import { describe } from '../figures.js';
import { setting } from '../format.js';
import { html, type Html } from '../html.js';
import { shownModels } from '../models.js';
import { scroll } from '../parts.js';
import type { RateSearch, ReportInput } from '../report-input.js';
import type { Section } from './section.js';

function searchTable(input: ReportInput, { stage, figure, candidates, chosen }: RateSearch): Html {
  const { title, format, better } = describe(figure, input.figures);
  const name = shownModels(input).find(({ role }) => role === stage)?.name ?? stage;
  const finite = candidates.flatMap(({ figure: value }) => (value === null ? [] : [value]));
  const scale = scaleOf(finite, better === 'lower');
  return html`<figure>
    <figcaption><span class="key ${stage}"></span>${name}</figcaption>
    ${scroll(
      `Learning rates, ${name}`,
      html`<table>
        <thead>
          <tr>
            <th scope="col">Rate</th>
            <th scope="col">${title}</th>
            <td class="plot"></td>
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${candidates.map(
            ({ rate, figure: value }) =>
              html`<tr${rate === chosen && html` class="chosen"`}>
                <th scope="row">${setting(rate)}</th>
                <td>${value === null ? 'not finite' : format(value)}</td>
                <td class="plot">${value !== null && dotTrack([{ role: stage, value }], scale)}</td>
                <td>${rate === chosen && 'chosen'}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </figure>`;
}

/** Undefined when no rate was searched for. */
export function ratesSection(input: ReportInput): Section | undefined {
  const searches = input.rateSearch ?? [];
  if (searches.length === 0) return undefined;
  return {
    id: 'rates',
    title: 'Learning rates',
    body: html`<p class="note">Each rate was tried in a whole training and measured on validation data.</p>
      <div class="figures">${searches.map((search) => searchTable(input, search))}</div>`,
  };
}

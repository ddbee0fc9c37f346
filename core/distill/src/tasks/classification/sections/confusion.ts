// Section "Confusion": the whole matrix for few classes, the pairs most often confused for many.
import type { Section, SectionInput, ShownModel } from '../../../contracts/index.js';
import { count, plural, tenths } from '../../../report/format.js';
import { html, type Html } from '../../../report/html.js';
import { named, scroll } from '../../../report/parts.js';
import { className } from '../class-name.js';

/** A matrix of more classes than this cannot be read. */
const matrixUpTo = 20;
const pairsShown = 20;

type Rows = readonly (readonly number[])[];

function rowsOf({ model }: ShownModel): Rows {
  return (model.evaluation?.artefacts.confusion ?? []) as Rows;
}

/** Names too long to stand side by side above their columns. */
function longNames(rows: Rows, labels: readonly string[] | undefined): boolean {
  return rows.some((_, at) => className(labels, at).length > 3);
}

function matrix(shown: ShownModel, rows: Rows, labels: readonly string[] | undefined): Html {
  const cell = (value: number, row: number, column: number, total: number) => {
    // The square root lets a few errors in a thousand be seen at all.
    const shade = total === 0 ? 0 : Math.sqrt(value / total);
    return html`<td class="${row === column ? 'right' : 'wrong'}" style="--shade:${shade.toFixed(3)}">
      ${value === 0 ? '' : count(value)}
    </td>`;
  };
  const name = (at: number) => named(className(labels, at));
  return html`<figure>
    <figcaption><span class="key ${shown.role}"></span>${shown.name}</figcaption>
    ${scroll(
      `Confusion matrix, ${shown.name}`,
      html`<table class="matrix${longNames(rows, labels) && ' upright'}">
        <thead>
          <tr>
            <td class="corner">
              <small>true ↓<br />predicted →</small>
            </td>
            ${rows.map((_, column) => html`<th scope="col">${name(column)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row, at) => {
            const total = row.reduce((sum, value) => sum + value, 0);
            return html`<tr>
              <th scope="row">${name(at)}</th>
              ${row.map((value, column) => cell(value, at, column, total))}
            </tr>`;
          })}
        </tbody>
      </table>`,
    )}
  </figure>`;
}

function pairs(shown: ShownModel, rows: Rows, labels: readonly string[] | undefined): Html {
  const confused = rows
    .flatMap((row, truth) => {
      const total = row.reduce((sum, value) => sum + value, 0);
      return row.flatMap((value, answer) =>
        truth === answer || value === 0 ? [] : [{ truth, answer, value, share: value / total }],
      );
    })
    // Equal counts keep the order of the classes, so that the page is the same every time.
    .sort((a, b) => b.value - a.value);
  return html`<figure>
    <figcaption><span class="key ${shown.role}"></span>${shown.name}: most confused pairs</figcaption>
    <p class="note">
      ${count(rows.length)} classes are too many for a matrix. ${plural(confused.length, 'pair')} of classes
      ${confused.length === 1 ? 'was' : 'were'} confused at least
      once${confused.length > pairsShown && `; the first ${pairsShown} are shown`}.
    </p>
    ${scroll(
      `Most confused pairs, ${shown.name}`,
      html`<table>
        <thead>
          <tr>
            <th scope="col" class="text">True class</th>
            <th scope="col" class="text">Prediction</th>
            <th scope="col">Count</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          ${confused.slice(0, pairsShown).map(
            ({ truth, answer, value, share }) =>
              html`<tr>
                <td class="text">${named(className(labels, truth))}</td>
                <td class="text">${named(className(labels, answer))}</td>
                <td>${count(value)}</td>
                <td>${tenths(share)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
  </figure>`;
}

/** The student first; undefined when it was not measured. */
export function confusionSection({ models, data }: SectionInput): Section | undefined {
  const parts = [...models].reverse().flatMap((shown) => {
    const rows = rowsOf(shown);
    if (rows.length === 0) return [];
    const draw = rows.length <= matrixUpTo ? matrix : pairs;
    return [draw(shown, rows, data.labels)];
  });
  if (parts.length === 0) return undefined;
  return {
    id: 'confusion',
    title: 'Confusion',
    body: html`<p class="note">
        Rows are true classes, columns predictions. Shades grow with the square root of the share of the row.
      </p>
      <div class="figures wide">${parts}</div>`,
  };
}

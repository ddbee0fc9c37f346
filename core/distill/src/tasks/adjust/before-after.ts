// Figures before and after an adjustment, as a table of the report.
import type { AdjustmentReport } from '../../contracts/index.js';
import { html, type Html } from '../../report/html.js';

/** A row a figure: its title, its name, and how its numbers are written. */
export function beforeAfter(
  { before, after }: Pick<AdjustmentReport, 'before' | 'after'>,
  rows: readonly (readonly [title: string, figure: string, format: (value: number | undefined) => string])[],
): Html {
  return html`<table>
    <thead>
      <tr>
        <td></td>
        <th scope="col">Before</th>
        <th scope="col">After</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ([title, figure, format]) =>
          html`<tr>
            <th scope="row">${title}</th>
            <td>${format(before[figure] ?? undefined)}</td>
            <td>${format(after[figure] ?? undefined)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

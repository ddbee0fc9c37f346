// The table that compares the models, and the line on which they stand.
import { bytes, count, milliseconds } from './format.js';
import { html, type Html } from './html.js';
import { shownModels, type Shown } from './models.js';
import type { ReportInput } from './report-input.js';
import { describe, inOrder, numberOf } from './values.js';

interface Row {
  readonly title: string;
  readonly help?: string | undefined;
  readonly better?: 'lower' | 'higher' | undefined;
  readonly values: readonly (number | undefined)[];
  readonly format: (value: number | undefined) => string;
}

function rowsOf(models: readonly Shown[]): Row[] {
  const names = models.flatMap(({ model }) =>
    Object.entries(model.evaluation?.values ?? {}).flatMap(([name, value]) =>
      // How many examples were seen stands in the caption.
      typeof value === 'number' && name !== 'count' ? [name] : [],
    ),
  );
  const measured = inOrder(names).map((name): Row => {
    const { title, help, format, better } = describe(name);
    return { title, help, better, format, values: models.map(({ model }) => numberOf(model, name)) };
  });
  const sizes: readonly Row[] = [
    {
      title: 'Parameters',
      help: 'number of weights',
      format: count,
      values: models.map(({ model }) => model.parameters),
    },
    {
      title: 'File size',
      help: 'of the exported model',
      format: bytes,
      values: models.map(({ model }) => model.bytes),
    },
    {
      title: 'Latency',
      help: 'median time of one example on this machine’s processor',
      format: milliseconds,
      values: models.map(({ model }) => model.latencyMs),
    },
  ];
  return [...measured, ...sizes.filter((row) => row.values.some((value) => value !== undefined))];
}

/** Marks the better of student alone and distilled; a tie, or a value without direction, marks neither. */
function isBetter(row: Row, models: readonly Shown[], at: number): boolean {
  const mine = models[at];
  const other = models.findIndex(
    ({ role }) => role !== 'teacher' && role !== mine?.role && mine?.role !== 'teacher',
  );
  const a = row.values[at];
  const b = other < 0 ? undefined : row.values[other];
  if (a === undefined || b === undefined || row.better === undefined) return false;
  return row.better === 'lower' ? a < b : a > b;
}

function heading({ role, name, model }: Shown): Html {
  return html`<th scope="col">
    <span class="key ${role}"></span
    >${name}${model.title !== undefined && html`<small>${model.title}</small>`}
  </th>`;
}

/** Everything that was measured, a column a model; the better of the two students is marked in each row. */
export function summaryTable(input: ReportInput): Html {
  const models = shownModels(input);
  const seen = input.student.evaluation?.count;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Summary table">
    <table class="summary">
      <caption>
        ${seen === undefined ? 'What is known of the models' : `Measured on ${count(seen)} test examples`}${
          input.baseline !== undefined && '; bold: the better of the two students'
        }
      </caption>
      <thead>
        <tr>
          <td></td>
          ${models.map(heading)}
        </tr>
      </thead>
      <tbody>
        ${rowsOf(models).map(
          (row) =>
            html`<tr>
              <th scope="row">${row.title}${row.help !== undefined && html`<small>${row.help}</small>`}</th>
              ${row.values.map(
                (value, at) =>
                  html`<td${isBetter(row, models, at) && html` class="better"`}>${row.format(value)}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

// Section "Summary": the deciding value on one line, and a table of everything that was measured.
import { dotScale } from '../charts/index.js';
import { significance } from '../chance.js';
import { bytes, count, milliseconds, setting } from '../format.js';
import { html, type Html } from '../html.js';
import { shownModels, type Shown } from '../models.js';
import { scroll } from '../parts.js';
import type { ReportInput } from '../report-input.js';
import { describe, inOrder, numberOf, primaryOf } from '../values.js';
import { comparePair } from '../verdict.js';
import type { Section } from './section.js';

interface Row {
  readonly title: string;
  readonly help?: string | undefined;
  readonly values: readonly (number | undefined)[];
  readonly format: (value: number | undefined) => string;
  /** Position of the better of the two students; -1 marks neither. */
  readonly better: number;
}

/** The better student of a row, by position. None on a tie, without a direction, or where the difference may be chance. */
function betterStudent(input: ReportInput, models: readonly Shown[], name: string): number {
  const { better } = describe(name, input.customValues);
  if (better === undefined) return -1;
  const { baseline, student } = input;
  const pair = comparePair(baseline?.evaluation, student.evaluation, { value: name, better });
  if (!pair || pair.gain === 0 || (pair.test && pair.test.p >= significance)) return -1;
  return models.findIndex(({ role }) => role === (pair.gain > 0 ? 'student' : 'baseline'));
}

function rowsOf(input: ReportInput, models: readonly Shown[]): Row[] {
  const names = models.flatMap(({ model }) =>
    Object.entries(model.evaluation?.values ?? {}).flatMap(([name, value]) =>
      // How many examples were seen stands in the caption.
      typeof value === 'number' && name !== 'count' ? [name] : [],
    ),
  );
  const measured = inOrder(names).map((name): Row => {
    const { title, help, format } = describe(name, input.customValues);
    const values = models.map(({ model }) => numberOf(model, name));
    return { title, help, format, values, better: betterStudent(input, models, name) };
  });
  const facts = [
    {
      title: 'Learning rate',
      help: 'highest during training, chosen on validation data',
      format: setting,
      values: models.map(({ role }) => input.rateSearch?.find(({ stage }) => stage === role)?.chosen),
    },
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
  return [
    ...measured,
    ...facts
      .filter(({ values }) => values.some((value) => value !== undefined))
      .map((fact) => ({ ...fact, better: -1 })),
  ];
}

function heading({ role, name, model }: Shown): Html {
  return html`<th scope="col">
    <span class="key ${role}"></span
    >${name}${model.title !== undefined && html`<small>${model.title}</small>`}
  </th>`;
}

function caption(input: ReportInput): string {
  const seen = input.student.evaluation?.count;
  const role = input.evaluatedOn ?? 'test';
  const measured =
    seen === undefined
      ? 'What is known of the models.'
      : `Measured on ${count(seen)} ${role === 'train' ? 'training' : role} examples.`;
  return input.baseline === undefined
    ? measured
    : `${measured} Bold: the better of the two students; errors and accuracy only beyond chance.`;
}

function scale(input: ReportInput, models: readonly Shown[]): Html | undefined {
  const primary = primaryOf(input.student.evaluation, input.primary, input.customValues);
  const { title, format } = describe(primary.value, input.customValues);
  const dots = models.flatMap(({ role, name, model }) => {
    const value = numberOf(model, primary.value);
    return value === undefined || !Number.isFinite(value) ? [] : [{ role, name, value }];
  });
  // Errors and losses have a natural zero; of shares such as accuracy the upper end is what counts.
  return dots.length < 2
    ? undefined
    : dotScale({ title, dots, fromZero: primary.better === 'lower', format });
}

/** A column a model, a row a value. */
export function summarySection(input: ReportInput): Section {
  const models = shownModels(input);
  const rows = rowsOf(input, models).map(
    (row) =>
      html`<tr>
        <th scope="row">${row.title}${row.help !== undefined && html`<small>${row.help}</small>`}</th>
        ${row.values.map(
          (value, at) => html`<td${at === row.better && html` class="better"`}>${row.format(value)}</td>`,
        )}
      </tr>`,
  );
  const table = html`<table class="summary">
    <caption>
      ${caption(input)}
    </caption>
    <thead>
      <tr>
        <td></td>
        ${models.map(heading)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  return {
    id: 'summary',
    title: 'Summary',
    body: html`${scale(input, models)} ${scroll('Summary table', table)}`,
  };
}

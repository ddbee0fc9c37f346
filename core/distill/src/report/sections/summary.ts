// Section "Summary": the deciding value on one line, and a table of everything that was measured.
import type { ShownModel } from '../../contracts/index.js';
import { dotScale } from '../charts/index.js';
import { bytes, count, milliseconds, setting } from '../format.js';
import { html, type Html } from '../html.js';
import { shownModels } from '../models.js';
import { scroll } from '../parts.js';
import { describe, numberOf, primaryOf } from '../figures.js';
import { judgingOf, type ReportInput } from '../report-input.js';
import { comparePair, isDifference } from '../verdict.js';
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
function betterStudent(input: ReportInput, models: readonly ShownModel[], name: string): number {
  const primary = primaryOf(
    input.figures.filter((figure) => figure.name === name),
    name,
  );
  const evaluated = { baseline: input.baseline?.evaluation, student: input.student.evaluation };
  const pair = comparePair(evaluated, ['baseline', 'student'], { primary, compare: input.compare });
  if (!pair || !isDifference(pair.gain) || pair.relation === 'same') return -1;
  return models.findIndex(({ role }) => role === (pair.gain > 0 ? 'student' : 'baseline'));
}

function rowsOf(input: ReportInput, models: readonly ShownModel[]): Row[] {
  const seen = new Set(models.flatMap(({ model }) => Object.keys(model.evaluation?.figures ?? {})));
  // How many examples were seen stands in the caption.
  const shown = input.figures.filter(({ name }) => name !== 'count' && seen.has(name));
  const measured = shown.map(({ name }): Row => {
    const { title, help, format } = describe(name, input.figures);
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

function heading({ role, name, model }: ShownModel): Html {
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
  const bold =
    input.baseline !== undefined &&
    'Bold: the better of the two students, only beyond chance where chance was tested.';
  return [measured, bold, input.begun].filter(Boolean).join(' ');
}

function scale(input: ReportInput, models: readonly ShownModel[]): Html | undefined {
  const { primary } = judgingOf(input);
  if (!primary) return undefined;
  const { title, format } = primary;
  const dots = models.flatMap(({ role, name, model }) => {
    const value = numberOf(model, primary.name);
    return value === undefined || !Number.isFinite(value) ? [] : [{ role, name, value }];
  });
  // Errors and losses have a natural zero; of shares the upper end is what counts.
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

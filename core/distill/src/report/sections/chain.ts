// Section "Stages": the runs that led to this one, each of whose students began with the one before.
import { describe } from '../figures.js';
import { html } from '../html.js';
import { scroll } from '../parts.js';
import { judgingOf, type ReportInput } from '../report-input.js';
import type { Section } from './section.js';

/** Undefined where the student did not begin with that of another run. */
export function chainSection(input: ReportInput): Section | undefined {
  const { chain = [], figures, name } = input;
  const { primary } = judgingOf(input);
  if (chain.length === 0 || !primary) return undefined;
  const { title, format } = describe(primary.name, figures);
  const value = (found: Readonly<Record<string, number | null>> | null | undefined) =>
    format(found?.[primary.name] ?? undefined);
  const withBaseline = input.baseline !== undefined || chain.some(({ baseline }) => baseline !== null);
  const rows = [
    ...chain.map(({ name: earlier, path, student, baseline }) => ({
      name: html`<a href="${path}/report.html">${earlier}</a>`,
      student: value(student),
      baseline: value(baseline),
    })),
    {
      name: html`${name}`,
      student: value(input.student.evaluation?.figures),
      baseline: value(input.baseline?.evaluation?.figures),
    },
  ].map(
    (row) =>
      html`<tr>
        <th scope="row">${row.name}</th>
        ${withBaseline && html`<td>${row.baseline}</td>`}
        <td>${row.student}</td>
      </tr>`,
  );
  return {
    id: 'stages',
    title: 'Stages',
    body: html`<p class="note">
        Each student began with the weights of the one above it. Figures are of each run’s own test data.
      </p>
      ${scroll(
        'Stages',
        html`<table>
          <thead>
            <tr>
              <td></td>
              ${withBaseline && html`<th scope="col">Student alone, ${title}</th>`}
              <th scope="col">Student, ${title}</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>`,
      )}`,
  };
}

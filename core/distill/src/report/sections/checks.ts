// Section "Checks and warnings": checks before training and warnings of the run.
import { count } from '../format.js';
import { html, prose } from '../html.js';
import type { ReportInput } from '../report-input.js';
import type { Section } from './section.js';

const marks = { ok: '✓', warning: '!' } as const;
const words = { ok: 'passed', warning: 'warning' } as const;

/** Undefined when there are none. */
export function checksSection(input: ReportInput): Section | undefined {
  const findings = [
    ...(input.preflight ?? []),
    ...(input.warnings ?? []).map((warning) => ({ level: 'warning' as const, ...warning })),
    ...(input.test.skipped === undefined || input.test.skipped.length === 0
      ? []
      : [
          {
            level: 'warning' as const,
            code: 'test data',
            message: `${count(input.test.skipped.length)} damaged examples were skipped, the first: ${input.test.skipped[0]?.path ?? ''}`,
          },
        ]),
  ];
  if (findings.length === 0) return undefined;
  const body = html`<ul class="findings">
    ${findings.map(
      ({ level, code, message, hint }) =>
        html`<li class="${level}">
          <span class="mark" role="img" aria-label="${words[level]}">${marks[level]}</span>
          <div>
            <strong>${code}</strong>
            ${prose(message)}${hint !== undefined && html`<small>${prose(hint)}</small>`}
          </div>
        </li>`,
    )}
  </ul>`;
  return { id: 'checks', title: 'Checks and warnings', body };
}

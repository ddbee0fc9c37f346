// The models on one scale, by the value that decides: the picture of the gap. Plain HTML, so that its text never shrinks.
import { html, type Html } from './html.js';
import { shownModels } from './models.js';
import type { ReportInput } from './report-input.js';
import { describe, numberOf, primaryOf } from './values.js';

/** One line a model with a dot where it stands; undefined when fewer than two were measured. */
export function gapStrip(input: ReportInput): Html | undefined {
  const name = primaryOf(input.student.evaluation, input.primary, input.customValues).value;
  const { title, format } = describe(name);
  const marks = shownModels(input).flatMap((shown) => {
    const value = numberOf(shown.model, name);
    return value === undefined ? [] : [{ ...shown, value }];
  });
  if (marks.length < 2) return undefined;
  const low = Math.min(...marks.map(({ value }) => value));
  const high = Math.max(...marks.map(({ value }) => value));
  // From zero where that leaves the differences visible, as counts of errors do; else just around the values.
  const fromZero = low >= 0 && low <= high * 0.75;
  const start = fromZero ? 0 : low - (high - low) * 0.3;
  const end = fromZero ? high * 1.02 : high + (high - low) * 0.1;
  const place = (value: number) => (end > start ? ((value - start) / (end - start)) * 100 : 50);
  return html`<div
    class="gap"
    role="img"
    aria-label="${title}: ${marks.map((mark) => `${mark.name} ${format(mark.value)}`).join(', ')}"
  >
    <div class="title">${title}${fromZero ? ', from zero' : ''}</div>
    ${marks.map(({ role, name: model, value }) => {
      const at = place(value);
      return html`<div class="name">${model}</div>
        <div class="track">
          <span class="dot ${role}" style="left:${at.toFixed(2)}%"></span>
          <span class="${at > 70 ? 'value before' : 'value'}" style="left:${at.toFixed(2)}%"
            >${format(value)}</span
          >
        </div>`;
    })}
  </div>`;
}

// Values as dots on one scale, in plain HTML, so that the text never shrinks on a narrow screen.
import { html, type Html } from '../html.js';
import type { Role } from '../../contracts/index.js';

export interface Dot {
  readonly role: Role;
  readonly value: number;
}

export interface Scale {
  readonly start: number;
  readonly end: number;
}

/** A scale that holds all values: from zero, or just around them. Without values from 0 to 1. */
export function scaleOf(values: readonly number[], fromZero: boolean): Scale {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (values.length === 0) return { start: 0, end: 1 };
  if (fromZero && low >= 0) return { start: 0, end: high === 0 ? 1 : high * 1.02 };
  const room = high === low ? Math.abs(high) * 0.1 || 1 : (high - low) * 0.15;
  return { start: low - room, end: high + room };
}

/** In percent of the scale's length. */
function place(value: number, { start, end }: Scale): string {
  return (((value - start) / (end - start)) * 100).toFixed(1);
}

/** A line with dots, for a cell of a table whose numbers stand beside it: hidden from screen readers. */
export function dotTrack(dots: readonly Dot[], scale: Scale): Html {
  return html`<div class="track" aria-hidden="true">
    ${dots.map(({ role, value }) => html`<i class="dot ${role}" style="left:${place(value, scale)}%"></i>`)}
  </div>`;
}

/** One line a model with a dot where it stands and its value beside it, the ends of the scale below. */
export function dotScale(chart: {
  readonly title: string;
  readonly dots: readonly (Dot & { readonly name: string })[];
  readonly fromZero: boolean;
  readonly format: (value: number) => string;
}): Html {
  const { title, dots, fromZero, format } = chart;
  const scale = scaleOf(
    dots.map(({ value }) => value),
    fromZero,
  );
  const description = `${title}: ${dots.map(({ name, value }) => `${name} ${format(value)}`).join(', ')}`;
  return html`<div class="gap" role="img" aria-label="${description}">
    <div class="title">${title}</div>
    ${dots.map(({ role, name, value }) => {
      const at = place(value, scale);
      return html`<div class="name">${name}</div>
        <div class="track">
          <i class="dot ${role}" style="left:${at}%"></i>
          <span class="${Number(at) > 60 ? 'value before' : 'value'}" style="left:${at}%"
            >${format(value)}</span
          >
        </div>`;
    })}
    <div class="ends">
      <span>${format(scale.start)}</span>
    </div>
  </div>`;
}

// The key to lines and dots. Outside the charts, where text keeps its size on a narrow screen.
import { colourOf, dashOf } from './chart.js';
import { html, type Html } from './html.js';
import type { Shown } from './models.js';

/** Nothing for a single model: there is nothing to tell apart. */
export function legend(models: readonly Shown[]): Html | undefined {
  if (models.length < 2) return undefined;
  return html`<ul class="legend">
    ${models.map(
      ({ role, name }) =>
        html`<li>
          <svg width="34" height="10" aria-hidden="true">
            <line
              x1="0"
              y1="5"
              x2="34"
              y2="5"
              stroke="${colourOf[role]}"
              stroke-width="2.5"
              stroke-dasharray="${role === 'student' ? 'none' : dashOf[role].join(' ')}"
            /></svg
          >${name}
        </li>`,
    )}
  </ul>`;
}

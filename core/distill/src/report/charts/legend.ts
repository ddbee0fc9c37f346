// The key to lines and points. Outside the charts, where text keeps its size on a narrow screen.
import { html, type Html } from '../html.js';
import type { Role, ShownModel } from '../../contracts/index.js';
import { colourOf, dashOf } from './model-marks.js';

function line(role: Role): Html {
  return html`<svg width="34" height="10" aria-hidden="true">
    <line
      x1="0"
      y1="5"
      x2="34"
      y2="5"
      stroke="${colourOf[role]}"
      stroke-width="2.5"
      stroke-dasharray="${role === 'student' ? 'none' : dashOf[role].join(' ')}"
    />
  </svg>`;
}

const outlines: Readonly<Record<Role, string>> = {
  teacher: 'M1 1H11V11H1Z',
  baseline: 'M6 1L11.5 11H0.5Z',
  student: 'M6 1A5 5 0 1 1 6 11A5 5 0 1 1 6 1Z',
};

function point(role: Role): Html {
  return html`<svg width="12" height="12" aria-hidden="true">
    <path d="${outlines[role]}" fill="${colourOf[role]}" />
  </svg>`;
}

/** Nothing for a single model: there is nothing to tell apart. */
export function legend(
  models: readonly Pick<ShownModel, 'name' | 'role'>[],
  marks: 'lines' | 'points',
): Html | undefined {
  if (models.length < 2) return undefined;
  return html`<ul class="legend">
    ${models.map(({ role, name }) => html`<li>${marks === 'lines' ? line(role) : point(role)}${name}</li>`)}
  </ul>`;
}

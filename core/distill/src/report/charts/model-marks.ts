// How the models are told apart in every chart: colour, and dashes or shapes where colours do not do (print, colour
// blindness).
import type { Role, ShownModel } from '../../contracts/index.js';

/** The page's colour of a model; see style.ts. */
export const colourOf: Readonly<Record<Role, string>> = {
  teacher: 'var(--teacher)',
  baseline: 'var(--baseline)',
  student: 'var(--student)',
};

export const dashOf: Readonly<Record<Role, number[]>> = {
  teacher: [2, 3],
  baseline: [7, 4],
  student: [1, 0],
};

const shapeOf: Readonly<Record<Role, string>> = {
  teacher: 'square',
  baseline: 'triangle-up',
  student: 'circle',
};

/** Vega-Lite's encodings of the field `model`, which holds the models' names. Legends stand outside; see legend.ts. */
export function modelEncodings(models: readonly Pick<ShownModel, 'name' | 'role'>[]) {
  const domain = models.map(({ name }) => name);
  const by = <T>(of: Readonly<Record<Role, T>>) => ({
    field: 'model',
    type: 'nominal' as const,
    scale: { domain, range: models.map(({ role }) => of[role]) },
    legend: null,
  });
  return { color: by(colourOf), strokeDash: by(dashOf), shape: by(shapeOf) };
}

// Which epoch's weights are kept as the best.
import type { Figure } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';

/** How the best epoch is chosen: by a figure on validation data, or simply the last. */
export type Selection =
  | { readonly by: 'last' }
  | { readonly by: 'figure'; readonly name: string; readonly better: 'lower' | 'higher' };

/** Reads `train.select`, once `primary` is resolved. `RECIPE_BAD_VALUE` for a figure that is not there or has no direction. */
export function selection(select: string, figures: readonly Figure[]): Selection {
  if (select === 'last') return { by: 'last' };
  const figure = figures.find(({ name }) => name === select);
  if (figure && figure.better !== null) return { by: 'figure', name: select, better: figure.better };
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: figure
      ? `\`train.select\` names the figure \`${select}\`, which says nothing about quality`
      : `\`train.select\` names the figure \`${select}\`, which no metric of the recipe gives`,
    path: 'train.select',
    allowed: selectable(figures),
  });
}

/** What `train.select` may name. */
export function selectable(figures: readonly Figure[]): string[] {
  return ['last', 'primary', ...figures.flatMap(({ name, better }) => (better === null ? [] : [name]))];
}

/** Whether an epoch beats the best so far. Ties keep the earlier; a value that is not finite never wins. */
export function isBetter(
  by: Selection,
  figures: Readonly<Record<string, number>>,
  best: { readonly value: number } | null,
): { readonly value: number } | null {
  if (by.by === 'last') return null;
  const value = figures[by.name];
  if (value === undefined || !Number.isFinite(value)) return null;
  if (!best) return { value };
  return (by.better === 'lower' ? value < best.value : value > best.value) ? { value } : null;
}

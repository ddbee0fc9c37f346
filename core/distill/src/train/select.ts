// Which epoch's weights are kept as the best.
import { PotstillError } from '../errors/potstill-error.js';

/** How the best epoch is chosen: by a metric on validation data, or simply the last. */
export type Selection =
  | { readonly by: 'last' }
  | { readonly by: 'metric'; readonly name: string; readonly better: 'lower' | 'higher' };

/** Values of which less is better, as a metric that says nothing of itself is judged. */
const lowerIsBetter =
  /error|loss|entropy|perplexity|divergence|calibration|(^|[.\-_/])(kl|ece|nll|mse|mae|wer|cer|per)($|[.\-_/])/i;

/** Reads `train.select`. `directions` is what the metrics say of their own values. */
export function selection(
  select: string,
  directions: Readonly<Record<string, 'lower' | 'higher'>> = {},
): Selection {
  if (select === 'last') return { by: 'last' };
  return {
    by: 'metric',
    name: select,
    better: directions[select] ?? (lowerIsBetter.test(select) ? 'lower' : 'higher'),
  };
}

/** Whether an epoch beats the best so far. Ties keep the earlier; a value that is not finite never wins. */
export function isBetter(
  by: Selection,
  metrics: Readonly<Record<string, number>>,
  best: { readonly value: number } | null,
): { readonly value: number } | null {
  if (by.by === 'last') return null;
  const value = metrics[by.name];
  if (value === undefined)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `\`train.select\` names the metric \`${by.name}\`, which no metric of the recipe gives on validation data`,
      path: 'train.select',
      allowed: ['last', ...Object.keys(metrics)],
    });
  if (!Number.isFinite(value)) return null;
  if (!best) return { value };
  return (by.better === 'lower' ? value < best.value : value > best.value) ? { value } : null;
}

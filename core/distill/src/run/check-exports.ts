// Exporters held against each other before anything runs.
import type { Exporter } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import type { Plan } from '../recipe/plan.js';

/** Two exports that would write one file are `RECIPE_BAD_VALUE`. Letter case is ignored, as some file systems do. */
export function checkExportNames(plan: Pick<Plan, 'trace'>, exporters: readonly Exporter[]): void {
  const taken = new Map<string, number>();
  exporters.forEach(({ writes }, at) => {
    if (writes === undefined) return;
    const key = writes.normalize('NFC').toLowerCase();
    const first = taken.get(key);
    if (first !== undefined)
      throw new PotstillError(
        plan.trace.place({
          code: 'RECIPE_BAD_VALUE',
          message: `\`export.${first}\` and \`export.${at}\` both write \`${writes}\``,
          path: `export.${at}`,
          hint: 'Give one of them another name by its option `file` or `folder`.',
        }),
      );
    taken.set(key, at);
  });
}

// Checks a training state against what a model has.
import { EngineError } from '../errors.js';
import type { DType, HostTensors } from '../host-tensor.js';

type Shapes = ReadonlyMap<string, { readonly dtype: DType; readonly shape: readonly number[] }>;

/** Refuses a state whose names, dtypes or shapes differ from `expected`; names all differences. `what`: `variable` or `slot`. */
export function checkState(what: string, given: HostTensors, expected: Shapes): void {
  const problems: string[] = [];
  for (const [name, { dtype, shape }] of expected) {
    const tensor = given[name];
    if (!tensor) problems.push(`${what} \`${name}\` is missing`);
    else if (tensor.dtype !== dtype || String(tensor.shape) !== String(shape))
      problems.push(`${what} \`${name}\` is ${tensor.dtype}[${tensor.shape}], expected ${dtype}[${shape}]`);
  }
  for (const name of Object.keys(given))
    if (!expected.has(name)) problems.push(`${what} \`${name}\` is not in the model`);
  if (problems.length === 0) return;
  const shown = problems.slice(0, 5);
  if (problems.length > shown.length) shown.push(`… and ${problems.length - shown.length} more`);
  throw new EngineError('ENGINE_STATE', `the training state does not fit: ${shown.join('; ')}`, {
    hint: 'Restore into a model with the same variables and the same optimiser as those that the state comes from.',
  });
}

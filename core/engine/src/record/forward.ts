// Records a forward pass without gradients.
import type { KernelTable } from '../kernels/rule.js';
import type { Forward, NamedVariable } from '../types.js';
import { checkOutputs } from './outputs.js';
import { noRandom } from './random.js';
import { record, type RecordOptions } from './recording.js';
import { type InputShapes, userInput } from './step.js';
import type { Recorded } from './tape.js';

/** Records `forward` for inputs of these shapes; its outputs by name, in its order. */
export function recordForward(
  table: KernelTable,
  variables: readonly NamedVariable[],
  forward: Forward,
  shapes: InputShapes,
  options?: RecordOptions,
): readonly { readonly name: string; readonly value: Recorded }[] {
  return record(
    table,
    variables,
    ({ input, recorded }) => {
      const inputs = Object.fromEntries(
        Object.entries(shapes).map(([name, { shape, dtype }]) => [
          name,
          input(userInput(name), shape, dtype),
        ]),
      );
      const outputs = checkOutputs(forward(inputs, { training: false, random: noRandom }));
      return outputs.map(([name, tensor]) => ({ name, value: recorded(tensor) }));
    },
    options,
  ).result;
}

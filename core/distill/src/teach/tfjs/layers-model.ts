// A tf.layers model, made as the student `layers` makes it.
import type { ComponentServices, DataDescription } from '../../contracts/index.js';
import type { TfjsModel } from './session.js';

/** `logits` and every layer by its name; a softmax at the end is taken off. */
export async function openLayersModel(
  path: string,
  services: ComponentServices,
  { labels: _, ...data }: DataDescription,
  logits: string | undefined,
): Promise<TfjsModel> {
  const reference = { use: 'layers', model: path, ...(logits === undefined ? {} : { logits }) };
  // Its classes need not be those of the data.
  const student = await services.make('student', reference, { data });
  const inputs = student.layersModel?.inputs ?? [];
  return {
    inputs: inputs.map(({ name, dtype, shape }) => ({
      // The student takes fields: of a model of one input, the data's first.
      name: inputs.length === 1 ? (data.inputs[0] ?? name) : name,
      type: dtype === 'int32' || dtype === 'bool' ? dtype : 'float32',
      shape: shape.map((length, axis) => (axis === 0 ? null : length)),
    })),
    outputs: Object.keys(student.outputs),
    variables: student.variables,
    forward: (given, at) => student.forward(given, at),
    dispose() {
      for (const { variable } of student.variables) variable.dispose();
    },
  };
}

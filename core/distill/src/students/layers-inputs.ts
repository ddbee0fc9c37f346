// Feeds the fields of a batch to the inputs of a tf.layers model.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { DataDescription, NamedTensors } from '../contracts/index.js';
import { refuse } from './shape.js';

/**
 * A function from fields to the model's inputs, in its order. One input takes the option's field or the data's first;
 * several take the fields that bear their names. An example is reshaped where only trailing ones or flattening differ.
 */
export function bindInputs(
  model: tfl.LayersModel,
  option: string | undefined,
  data: DataDescription,
): (inputs: NamedTensors) => tf.Tensor[] {
  const fields = model.inputs.map((input) => {
    const layer = input.sourceLayer.name;
    const name = model.inputs.length === 1 ? (option ?? data.inputs[0]) : layer;
    const spec = name === undefined ? undefined : data.spec[name];
    if (name === undefined || !spec)
      return refuse(
        `layers: the data set has no field \`${name ?? layer}\` for the model's input \`${layer}\``,
        `Fields: ${Object.keys(data.spec).join(', ')}.`,
      );
    const shape = input.shape.slice(1);
    if (!fits(spec.shape, shape))
      refuse(
        `layers: the model's input \`${layer}\` has shape [${shape.map((length) => length ?? '?')}], ` +
          `the field \`${name}\` has [${spec.shape.map((length) => length ?? '?')}]`,
        'Only trailing axes of length 1 and flattening are adapted.',
      );
    return { name, shape };
  });
  return (inputs) =>
    fields.map(({ name, shape }) => {
      const tensor =
        inputs[name] ??
        refuse(
          `layers: no input \`${name}\` was given`,
          `Given: ${Object.keys(inputs).join(', ') || 'nothing'}.`,
        );
      if (tensor.shape.length === shape.length + 1) return tensor;
      const fixed = shape.map((length) => length ?? -1);
      return tf.reshape(tensor, [tensor.shape[0], ...fixed]);
    });
}

type Axes = readonly (number | null)[];

function fits(field: Axes, model: Axes): boolean {
  const same = (a: Axes, b: Axes) =>
    a.length === b.length && a.every((length, i) => length === b[i] || b[i] === null || length === null);
  const bare = (axes: Axes) => axes.slice(0, axes.findLastIndex((length) => length !== 1) + 1);
  const flat = model.length === 1 && !field.includes(null);
  return (
    same(field, model) ||
    (!field.includes(null) && !model.includes(null) && same(bare(field), bare(model))) ||
    (flat && field.reduce<number>((product, length) => product * (length ?? 1), 1) === model[0])
  );
}

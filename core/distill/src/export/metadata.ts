// What an exported model says of itself: enough to run it without potstill.
import type { ExportInput } from '../contracts/index.js';
import { inputSpecs } from './inputs.js';

/**
 * `potstill.name`, `potstill.recipe` (hash), `potstill.input` (JSON: name, shape without batch axis, and of the
 * preprocessing layout, scale, mean, std: value = (raw * scale - mean) / std), `potstill.inputs` where there are several
 * (JSON array of name, dtype, shape with the names of free axes), `potstill.columns` of a table (JSON array of
 * ColumnStatistics), `potstill.labels` (JSON array). What the data do not know
 * is left out.
 */
export function exportMetadata({ data, recipeName, recipeHash }: ExportInput): Record<string, string> {
  const name = data.inputs[0];
  const shape = name === undefined ? undefined : data.spec[name]?.shape;
  return {
    'potstill.name': recipeName,
    'potstill.recipe': recipeHash,
    ...(name === undefined
      ? {}
      : { 'potstill.input': JSON.stringify({ name, shape, ...data.preprocessing }) }),
    ...(data.inputs.length < 2
      ? {}
      : {
          'potstill.inputs': JSON.stringify(
            Object.entries(inputSpecs('onnx', data)).flatMap(([input, { dtype, shape: axes, optional }]) =>
              optional ? [] : [{ name: input, dtype, shape: axes }],
            ),
          ),
        }),
    ...(data.columns === undefined ? {} : { 'potstill.columns': JSON.stringify(data.columns) }),
    ...(data.labels === undefined ? {} : { 'potstill.labels': JSON.stringify(data.labels) }),
  };
}

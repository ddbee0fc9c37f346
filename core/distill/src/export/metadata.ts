// What an exported model says of itself: enough to run it without potstill.
import type { ExportInput } from '../contracts/index.js';

/**
 * `potstill.name`, `potstill.recipe` (hash), `potstill.input` (JSON: name, shape without batch axis, and of the
 * preprocessing layout, scale, mean, std: value = (raw * scale - mean) / std), `potstill.labels` (JSON array). What the
 * data do not know is left out.
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
    ...(data.labels === undefined ? {} : { 'potstill.labels': JSON.stringify(data.labels) }),
  };
}

// Reads a tf.layers model file: its topology as JSON and, where it names them, its weights.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { isObject, type Json } from './json.js';
import { checkForm } from './model-form.js';
import { refuse } from './shape.js';

export interface ModelFile {
  /** Where the topology stands in the file: `modelTopology`; empty for a file that is the topology. */
  readonly place: string;
  /** `{ class_name, config }`, as tf.models.modelFromJSON takes it. Every layer has a name. */
  readonly topology: Json;
  /** Weights by their names in the file; undefined where the file names none. */
  readonly weights: tf.NamedTensorMap | undefined;
}

/** The file of tf.LayersModel.save (topology and weights manifest) or of toJSON (topology alone). Weight files lie beside it. */
export async function readModelFile(path: string, withWeights: boolean): Promise<ModelFile> {
  const whole = await readJson(path);
  const inner = isObject(whole.modelTopology) ? whole.modelTopology : whole;
  const topology = isObject(inner.model_config) ? inner.model_config : inner;
  if (whole.format === 'graph-model')
    return refuse(
      `layers: ${path} is a graph model, which cannot be trained`,
      'Convert the model to the tf.layers format (tensorflowjs_converter --output_format=tfjs_layers_model).',
    );
  if (typeof topology.class_name !== 'string' || topology.config === undefined)
    return refuse(
      `layers: ${path} is no tf.layers model`,
      'Expected the JSON that model.save() or model.toJSON() of TF.js writes.',
    );
  const place = [
    ...(inner === whole ? [] : ['modelTopology']),
    ...(topology === inner ? [] : ['model_config']),
  ].join('.');
  nameLayers(topology);
  checkForm(path, topology, place);
  const manifest = whole.weightsManifest;
  const weights = withWeights && manifest !== undefined ? await readWeights(path, manifest) : undefined;
  return { place, topology, weights };
}

async function readJson(path: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    return refuse(`layers: ${path} cannot be read`, 'Relative paths start at the recipe.', cause);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
    // model.toJSON() gives a string; saving it with JSON.stringify wraps it twice.
    if (typeof parsed === 'string') parsed = JSON.parse(parsed);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return refuse(`layers: ${path} is not JSON: ${reason}`, 'Expected the JSON of a tf.layers model.', cause);
  }
  return isObject(parsed)
    ? parsed
    : refuse(`layers: ${path} is no tf.layers model`, 'Expected a JSON object.');
}

/** The layers of a Sequential or functional topology; empty for anything else. */
export function layersOf(topology: Json): Json[] {
  const config = topology.config;
  const list = isObject(config) ? config.layers : config;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** TF.js would name nameless layers by a counter of the process; here they get a name that every load gives again. */
function nameLayers(topology: Json, prefix = ''): void {
  layersOf(topology).forEach((layer, i) => {
    const config = layer.config;
    if (isObject(config) && typeof config.name !== 'string')
      config.name = `${prefix}${String(layer.class_name).toLowerCase()}_${i}`;
    nameLayers(layer, `${prefix}${i}_`);
  });
}

async function readWeights(path: string, manifest: unknown): Promise<tf.NamedTensorMap> {
  const damaged = (what: string, cause?: unknown) =>
    refuse(
      `layers: ${path}: ${what}`,
      'Save the model again, or set `fresh: true` to draw new weights.',
      cause,
    );
  if (!Array.isArray(manifest)) return damaged('`weightsManifest` is no list');
  const weights: tf.NamedTensorMap = {};
  for (const group of manifest as unknown[]) {
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
      return damaged('an entry of `weightsManifest` lacks `paths` or `weights`');
    const folder = resolve(dirname(path));
    const parts = await Promise.all(
      group.paths.map(async (name) => {
        const file = join(folder, String(name));
        return readFile(file).catch((cause: unknown) =>
          damaged(`the weight file ${file} cannot be read`, cause),
        );
      }),
    );
    const bytes = Uint8Array.from(Buffer.concat(parts));
    try {
      Object.assign(
        weights,
        tf.io.decodeWeights(bytes.buffer, group.weights as tf.io.WeightsManifestEntry[]),
      );
    } catch (cause) {
      return damaged(`its weights do not fit its weight files (${bytes.length} bytes)`, cause);
    }
  }
  return weights;
}

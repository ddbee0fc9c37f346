// Takes a last softmax off a tf.layers topology: losses want logits.
import { isObject, type Json } from './json.js';
import { layersOf } from './model-json.js';

/**
 * Changes `topology` so that the layer named (default: the one that the model's first output comes from) gives logits.
 * Gives the name of the layer that lost its softmax, or undefined where there was none.
 */
export function removeSoftmax(topology: Json, layerName?: string): string | undefined {
  const layer = outputLayer(topology, layerName);
  if (!layer || !isObject(layer.config)) return undefined;
  if (layersOf(layer).length > 0) return removeSoftmax(layer);
  const config = layer.config;
  const name = String(config.name);
  if (layer.class_name === 'Softmax') {
    layer.class_name = 'Activation';
    layer.config = { name, activation: 'linear', trainable: true };
    return name;
  }
  if (config.activation !== 'softmax') return undefined;
  config.activation = 'linear';
  return name;
}

function outputLayer(topology: Json, layerName: string | undefined): Json | undefined {
  const layers = layersOf(topology);
  const config = topology.config;
  const outputs = isObject(config) ? config.output_layers : undefined;
  if (layerName === undefined && outputs === undefined) return layers.at(-1);
  // One output may be written [name, 0, 0] or [[name, 0, 0]].
  const first: unknown = Array.isArray(outputs) ? outputs.flat()[0] : undefined;
  const wanted = layerName ?? first;
  return layers.find((layer) => isObject(layer.config) && layer.config.name === wanted);
}

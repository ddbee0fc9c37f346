// What `fit` asks of a tf.LayersModel beyond its documented API, in one place.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { EngineError } from '../errors.js';
import type { FitData } from './args.js';

function call(model: tfl.LayersModel, name: string, args: unknown[]): unknown {
  const method: unknown = Reflect.get(model, name);
  if (typeof method !== 'function') throw new Error(`internal: tf.LayersModel has no ${name}`);
  return Reflect.apply(method, model, args) as unknown;
}

/** The model that is trained: a tf.Sequential holds another once it is built, and hands model.fit on to it. */
export function trainedModel(model: tfl.LayersModel): tfl.LayersModel {
  const inner: unknown = model instanceof tfl.Sequential ? Reflect.get(model, 'model') : undefined;
  return inner instanceof tfl.LayersModel ? inner : model;
}

/** Throws ENGINE_STATE unless the model was compiled. */
export function checkCompiled(model: tfl.LayersModel): void {
  if ((model.optimizer as tf.Optimizer | undefined) && Array.isArray(model.lossFunctions)) return;
  throw new EngineError('ENGINE_STATE', 'fit: the model is not compiled', {
    hint: 'Call model.compile({ optimizer, loss }) first, as for model.fit.',
  });
}

/** Tensors for each input and each output, checked by TF.js against the model. */
export function standardized(model: tfl.LayersModel, x: FitData, y: FitData): [tf.Tensor[], tf.Tensor[]] {
  return call(model, 'standardizeUserDataXY', [x, y, false]) as [tf.Tensor[], tf.Tensor[]];
}

/** `loss`, and what is measured beside it, as in the history. */
export function labelsOf(model: tfl.LayersModel): string[] {
  return call(model, 'getDedupedMetricsNames', []) as string[];
}

/** All layers, those within models and wrappers too. */
export function allLayers(model: tfl.LayersModel): tfl.layers.Layer[] {
  const found = new Set<tfl.layers.Layer>();
  const visit = (layer: tfl.layers.Layer): void => {
    if (found.has(layer)) return;
    found.add(layer);
    const inner: unknown[] = ['layers', 'layer', 'forwardLayer', 'backwardLayer'].flatMap(
      (name): unknown => Reflect.get(layer, name) ?? [],
    );
    for (const each of inner) if (each instanceof tfl.layers.Layer) visit(each);
  };
  visit(model);
  return [...found];
}

// What TF.js throws about a model's file, as STUDENT_INVALID with the place in the file.
import { EngineError } from '@potstill/engine';
import * as tfl from '@tensorflow/tfjs-layers';
import { PotstillError } from '../errors/potstill-error.js';
import { isObject, type Json } from './json.js';
import { inside } from './model-form.js';
import type { ModelFile } from './model-json.js';
import { layersOf } from './model-json.js';
import { refuse } from './shape.js';
import { withinLimit } from './weight-limit.js';

/** Does a part of the work on a model that TF.js knows the form of. Errors of ours pass as they are. */
export function aboutModel<T>(path: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof PotstillError || cause instanceof EngineError) throw cause;
    return refuse(`layers: TF.js cannot ${what} ${path}: ${reasonOf(cause)}`, hint, cause);
  }
}

const hint = 'Only layers and options that TF.js knows can be used.';

export async function buildModel(file: ModelFile, path: string): Promise<tfl.LayersModel> {
  try {
    return await modelOf(file.topology);
  } catch (cause) {
    if (cause instanceof PotstillError) throw cause;
    const found = await placeOf(file, reasonOf(cause));
    return refuse(
      `layers: TF.js cannot build ${path}${found ? `: \`${found}\`` : ''}: ${reasonOf(cause)}`,
      hint,
      cause,
    );
  }
}

async function modelOf(topology: Json): Promise<tfl.LayersModel> {
  // TF.js changes what it is given.
  const modelTopology = structuredClone(topology);
  // Makes the weights before it gives a promise.
  return withinLimit(() =>
    tfl.models.modelFromJSON({ modelTopology } as unknown as Parameters<typeof tfl.models.modelFromJSON>[0]),
  );
}

/** The layer that fails for this reason when it is made by itself; of a Sequential, when it is added to those before it. */
async function placeOf({ topology, place }: ModelFile, reason: string): Promise<string | undefined> {
  const layers = layersOf(topology);
  const { config } = topology;
  const list = inside(place, isObject(config) ? 'config.layers' : 'config');
  for (const [i, layer] of layers.entries()) {
    const some = topology.class_name === 'Sequential' ? layers.slice(0, i + 1) : [withoutShape(layer)];
    try {
      const model = await modelOf({ class_name: 'Sequential', config: { name: 'part', layers: some } });
      for (const part of model.layers) part.dispose();
    } catch (cause) {
      if (reasonOf(cause) === reason) return `${list}[${i}]`;
    }
  }
  return undefined;
}

/** So that the layer is made and not built. */
function withoutShape(layer: Json): Json {
  if (!isObject(layer.config) || layer.class_name === 'InputLayer') return layer;
  const { batch_input_shape: _, ...config } = layer.config;
  return { ...layer, config };
}

function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split('\n', 1)[0] as string;
}

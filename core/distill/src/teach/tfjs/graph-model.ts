// A TF.js graph model: a frozen TensorFlow graph, run by @tensorflow/tfjs-converter, which the user installs.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { reasonOf, teacherInvalid } from '../invalid.js';
import type { TfjsModel } from './session.js';

type Converter = typeof import('@tensorflow/tfjs-converter');

const fileSchema = z.looseObject({
  format: z.literal('graph-model'),
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(
    z.looseObject({
      paths: z.array(z.string()),
      weights: z.array(z.looseObject({ name: z.string() })),
    }),
  ),
});

async function converter(): Promise<Converter> {
  try {
    return await import('@tensorflow/tfjs-converter');
  } catch (cause) {
    throw teacherInvalid(
      'TF.js graph models need the package @tensorflow/tfjs-converter, which is not installed',
      '`npm install @tensorflow/tfjs-converter@4.22.0` (26 MB)',
      cause,
    );
  }
}

/** Every node by its name; `whole` is the parsed model.json. */
export async function openGraphModel(path: string, whole: unknown): Promise<TfjsModel> {
  const { loadGraphModel } = await converter();
  const parsed = fileSchema.safeParse(whole);
  if (!parsed.success)
    throw teacherInvalid(`${path} is not a graph model: ${parsed.error.issues[0]?.message ?? ''}`);
  const { modelTopology, weightsManifest, ...rest } = parsed.data;
  const files: Uint8Array[] = [];
  for (const file of weightsManifest.flatMap(({ paths }) => paths))
    files.push(
      await readFile(join(dirname(path), file)).catch((cause: unknown) => {
        throw teacherInvalid(`the weights of ${path} cannot be read: ${reasonOf(cause)}`, undefined, cause);
      }),
    );
  const weightData = Uint8Array.from(Buffer.concat(files)).buffer;
  const weightSpecs = weightsManifest.flatMap(
    ({ weights }) => weights,
  ) as unknown as tf.io.WeightsManifestEntry[];
  const model = await loadGraphModel(
    tf.io.fromMemory({ ...rest, modelTopology, weightSpecs, weightData }),
  ).catch((cause: unknown) => {
    throw teacherInvalid(`TF.js cannot load the graph model ${path}: ${reasonOf(cause)}`, undefined, cause);
  });
  // As variables, weights are inputs of the recorded graph and not constants within it.
  const variables = Object.entries(model.weights).flatMap(([name, tensors]) => {
    const [value, ...others] = tensors;
    if (!value || others.length > 0 || value.dtype !== 'float32') return [];
    const variable = tf.variable(value, false);
    model.weights[name] = [variable];
    return [{ name, variable }];
  });
  const outputs = model.outputs.map(({ name }) => name);
  return {
    inputs: model.inputs.map(({ name, dtype, shape }) => ({
      name,
      type: dtype === 'int32' || dtype === 'bool' ? dtype : 'float32',
      shape: shape?.map((length, axis) => (axis === 0 || length < 0 ? null : length)),
    })),
    outputs,
    variables,
    forward(given) {
      const results = model.execute({ ...given }, outputs);
      const all = Array.isArray(results) ? results : [results];
      return Object.fromEntries(outputs.map((name, at) => [name, all[at] as tf.Tensor]));
    },
    dispose() {
      for (const { variable } of variables) variable.dispose();
      model.dispose();
    },
  };
}

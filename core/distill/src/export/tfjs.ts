// The `tfjs` exporter: a student that is a tf.layers model as the folder that TF.js loads, checked by loading it again.
import { join, relative, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { z } from 'zod';
import type {
  ExportInput,
  ExportResult,
  HostTensor,
  HostTensors,
  Services,
  Student,
} from '../contracts/index.js';
import { exporter } from '../plugin/define.js';
import { fieldsOf } from '../train/fields.js';
import { maxDifference } from './compare.js';
import { exportFailed } from './failed.js';
import { exportMetadata } from './metadata.js';
import { forwardOf } from '../students/index.js';
import { sampleBatch } from './sample.js';
import { loadFolder, saveFolder } from './tfjs-folder.js';

/** Few, since plain TF.js computes them on one thread. */
const sampleSize = 8;

/** A sequential model knows its `inputNames` and `outputNames` only once it was called; its tensors know their layers at once. */
function layerNames(tensors: readonly tfl.SymbolicTensor[]): string[] {
  return tensors.map((tensor) => tensor.sourceLayer.name);
}

/** The field that a layers model's input takes: the one of its name, else, for a single input, the first of its shape. */
function fieldOf(model: tfl.LayersModel, at: number, sample: HostTensors): HostTensor {
  const name = layerNames(model.inputs)[at] as string;
  const shape = model.inputs[at]?.shape ?? [];
  const fits = (tensor: HostTensor) =>
    tensor.shape.length === shape.length &&
    tensor.shape.every((length, axis) => axis === 0 || shape[axis] === null || shape[axis] === length);
  const tensor = sample[name] ?? (model.inputs.length === 1 ? Object.values(sample).find(fits) : undefined);
  if (tensor !== undefined) return tensor;
  throw exportFailed(
    'tfjs',
    `the layers model has an input \`${name}\` [${shape.map((length) => length ?? '?').join(', ')}], the data have ${Object.keys(sample).join(', ')}`,
    'Name the layers model’s inputs as the fields of the data.',
  );
}

/** The student's name for each output of the layers model: the same name, or `logits` where there is but one. */
function outputNames(model: tfl.LayersModel, student: Student): string[] {
  const known = Object.keys(student.outputs);
  return layerNames(model.outputs).map((name) => {
    if (known.includes(name)) return name;
    const only = known.includes('logits') ? 'logits' : known[0];
    if (model.outputs.length === 1 && only !== undefined) return only;
    throw exportFailed(
      'tfjs',
      `the layers model has an output \`${name}\`, the student names ${known.join(', ')}`,
      'Name the layers model’s outputs as the student’s.',
    );
  });
}

/** What the model answers, by the student's names. */
function predict(model: tfl.LayersModel, names: readonly string[], sample: HostTensors): HostTensors {
  const inputs = model.inputs.map((_, at) => {
    const { data, shape, dtype } = fieldOf(model, at, sample);
    return tf.tensor(data, [...shape], dtype);
  });
  const answer = model.predict(inputs.length === 1 ? (inputs[0] as tf.Tensor) : inputs);
  const tensors = Array.isArray(answer) ? answer : [answer];
  const outputs = tensors.map((tensor, i): [string, HostTensor] => [
    names[i] as string,
    { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.dataSync()) },
  ]);
  tf.dispose([inputs, tensors]);
  return Object.fromEntries(outputs);
}

function layersModelOf({ layersModel }: Student): tfl.LayersModel {
  if (layersModel !== undefined) return layersModel;
  throw exportFailed(
    'tfjs',
    'the student is not a tf.layers model, so it has no layers-model folder',
    'Use `onnx`, which exports every student, or the student `layers`.',
  );
}

async function exportStudent(
  folderName: string,
  services: Services,
  input: ExportInput,
): Promise<ExportResult> {
  const { student, data } = input;
  const model = layersModelOf(student);
  const names = outputNames(model, student);
  const batch = await sampleBatch('tfjs', input.sample, sampleSize, services.random);
  const sample = fieldsOf(batch, data.inputs);
  const predictor = await services.engine.predictor({
    variables: student.variables,
    forward: forwardOf(student, names),
  });
  const want = await predictor.run(sample).finally(() => predictor.dispose());

  const folder = join(input.folder, folderName);
  let difference = NaN;
  const saved = await saveFolder(model, folder, exportMetadata(input), async (written) => {
    const loaded = await loadFolder(written);
    try {
      difference = maxDifference('tfjs', want, predict(loaded, names, sample));
    } finally {
      loaded.dispose();
    }
  });
  return {
    kind: 'tfjs',
    path: relative(services.paths.runFolder, folder).split(sep).join('/'),
    ...saved,
    maxDifference: difference,
  };
}

export const tfjs = exporter('tfjs', {
  help: 'a TF.js layers-model folder (model.json, weights.bin), for students that are tf.layers models',
  options: z.strictObject({
    folder: z
      .string()
      .regex(/^[^/\\.][^/\\]*$/, 'a folder name, without slashes')
      .default('student-tfjs')
      .describe('name of the folder'),
  }),
  create: ({ folder }, services) => ({
    writes: folder,
    check({ student }) {
      outputNames(layersModelOf(student), student);
    },
    export: (input) => exportStudent(folder, services, input),
  }),
});

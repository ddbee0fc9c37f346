// A tf.layers model as the folder that TF.js loads: model.json and weights.bin.
import { createHash } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { makeFolder, writeAtomically } from '../files/write-atomically.js';

const modelFile = 'model.json';
const weightsFile = 'weights.bin';

function joined(data: tf.io.WeightData | undefined): Uint8Array {
  if (data === undefined) return new Uint8Array(0);
  return Buffer.concat((Array.isArray(data) ? data : [data]).map((part) => new Uint8Array(part)));
}

/** Asks TF.js for what it would save. */
async function artifactsOf(model: tfl.LayersModel): Promise<tf.io.ModelArtifacts> {
  let taken: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      taken = artifacts;
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const },
      });
    }),
  );
  if (taken === undefined) throw new Error('internal: TF.js saved nothing');
  return taken;
}

/**
 * Writes the folder beside its place, has it checked there and moves it to its place whole; an older one is replaced.
 * What `check` throws leaves the older one as it was. `metadata` becomes
 * `userDefinedMetadata` of model.json. The sha256 is over model.json followed by weights.bin.
 */
export async function saveFolder(
  model: tfl.LayersModel,
  folder: string,
  metadata: Readonly<Record<string, string>>,
  check: (written: string) => Promise<void>,
): Promise<{ sha256: string; bytes: number }> {
  const artifacts = await artifactsOf(model);
  const weights = joined(artifacts.weightData);
  const json = JSON.stringify({
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tfl.version_layers}`,
    convertedBy: null,
    modelTopology: artifacts.modelTopology,
    userDefinedMetadata: metadata,
    weightsManifest: [{ paths: [weightsFile], weights: artifacts.weightSpecs ?? [] }],
  });
  const temporary = `${folder}.${process.pid}.tmp`;
  await makeFolder(temporary);
  try {
    await writeAtomically(join(temporary, weightsFile), weights);
    await writeAtomically(join(temporary, modelFile), json);
    await check(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    throw cause;
  }
  return {
    sha256: createHash('sha256').update(json).update(weights).digest('hex'),
    bytes: Buffer.byteLength(json) + weights.length,
  };
}

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly weights: tf.io.WeightsManifestEntry[] }[];
}

/** Reads such a folder back, as a stranger would. Dispose the model after use. */
export async function loadFolder(folder: string): Promise<tfl.LayersModel> {
  const model = JSON.parse(await readFile(join(folder, modelFile), 'utf8')) as ModelJson;
  const weights = await readFile(join(folder, weightsFile));
  return tfl.loadLayersModel({
    load: () =>
      Promise.resolve({
        modelTopology: model.modelTopology,
        weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
        weightData: new Uint8Array(weights).buffer,
      }),
  });
}

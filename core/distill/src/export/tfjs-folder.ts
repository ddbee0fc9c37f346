// A tf.layers model as the folder that TF.js loads: model.json and weights.bin.
import { createHash } from 'node:crypto';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { notThere, readIfThere } from '../files/read-file.js';
import { makeFolder, temporaryName, writeAtomically } from '../files/write-atomically.js';

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
 * Writes the folder under a temporary name, lets `check` look at it there and moves it to its place, replacing an older
 * one. When `check` throws, the older one stays. `metadata` becomes `userDefinedMetadata` of model.json. The sha256 is that
 * of {@link folderDigest}.
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
  const temporary = temporaryName(folder);
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
    sha256: folderDigest(Buffer.from(json), weights),
    bytes: Buffer.byteLength(json) + weights.length,
  };
}

/** sha256 (hex) of a layers-model folder: over model.json followed by weights.bin. */
function folderDigest(json: Uint8Array, weights: Uint8Array): string {
  return createHash('sha256').update(json).update(weights).digest('hex');
}

/** sha256 (hex) of an export as it is on disk, a file or a layers-model folder; undefined when it does not exist. */
export async function exportDigest(path: string): Promise<string | undefined> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (cause: unknown) => notThere(path, cause),
  );
  if (!isFolder) {
    const bytes = isFolder === undefined ? undefined : await readIfThere(path);
    return bytes && createHash('sha256').update(bytes).digest('hex');
  }
  const json = await readIfThere(join(path, modelFile));
  const weights = await readIfThere(join(path, weightsFile));
  return json && weights && folderDigest(json, weights);
}

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly weights: tf.io.WeightsManifestEntry[] }[];
}

/** Reads such a folder back as any user of TF.js would. Dispose the model after use. */
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

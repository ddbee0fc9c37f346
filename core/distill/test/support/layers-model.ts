// Model files of tf.layers in a folder of the test's own, and the layers student made from them.
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomStream } from '@potstill/engine';
import { studentComponents, type DataDescription, type RunEvent, type Student } from 'potstill';
import * as tf from '@tensorflow/tfjs';
import { afterAll } from 'vitest';
import { describedData, makeComponent } from './make-component.js';

/** Removed when the test file ends. */
export const folder = mkdtempSync(join(tmpdir(), 'potstill-layers-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

export interface Made {
  readonly student: Student;
  readonly events: RunEvent[];
}

export async function load(
  options: Record<string, unknown>,
  data: DataDescription = describedData,
  seed = 7,
): Promise<Made> {
  const events: RunEvent[] = [];
  const given = { random: randomStream(seed), recipeFolder: folder, events };
  const student = (await makeComponent(studentComponents, 'layers', options, { data }, given)) as Student;
  return { student, events };
}

let count = 0;
export async function file(content: unknown): Promise<string> {
  const name = `model-${count++}.json`;
  await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return name;
}

export const topology = (model: tf.LayersModel) => file(model.toJSON(null, false));

/** As model.save('file://…') of tfjs-node writes it: topology, manifest, weights beside it. */
export async function saved(
  model: tf.LayersModel,
  edit: (specs: tf.io.WeightsManifestEntry[]) => void = () => undefined,
) {
  let name = '';
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      const specs = artifacts.weightSpecs ?? [];
      edit(specs);
      const bytes = new Uint8Array(artifacts.weightData as ArrayBuffer);
      name = await file({
        format: 'layers-model',
        modelTopology: artifacts.modelTopology,
        weightsManifest: [{ paths: [`weights-${count}.bin`], weights: specs }],
      });
      await writeFile(join(folder, name.replace('model', 'weights').replace('json', 'bin')), bytes);
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return name;
}

/** A batch for the described data. */
export const image = (batch = 2) => tf.tensor(randomStream(4).normal(batch * 64), [batch, 8, 8]);
export const values = (tensor: tf.Tensor | undefined) => Array.from(tensor?.dataSync() ?? []);

// Inner values of real models: what a teacher taps is what ONNX Runtime gives for a graph that is cut there.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ort, randomStream, readOnnxModel, writeOnnxModel, type OnnxModel } from '@potstill/engine';
import { describe, expect, it } from 'vitest';
import type { DataDescription } from 'potstill';
import { described, images, modelFolder } from './models.js';

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

/** The part of the graph that `name` is computed by, with it as the only output. */
function cutAt(bytes: Uint8Array, name: string): Uint8Array {
  const model: OnnxModel = readOnnxModel(bytes);
  const { graph } = model;
  if (!graph) throw new Error('no graph');
  const needed = new Set([name]);
  const node = [...(graph.node ?? [])].reverse().filter(({ output = [], input = [] }) => {
    if (!output.some((each) => needed.has(each))) return false;
    for (const each of input) needed.add(each);
    return true;
  });
  graph.node = node.reverse();
  graph.output = [{ name }];
  return writeOnnxModel(model);
}

const cases: readonly [string, string, string, DataDescription, readonly number[]][] = [
  [
    'resnet20',
    'models/cifar10-resnet/resnet20.onnx',
    'input',
    described([3, 32, 32], { layout: 'NCHW', scale: 1, mean: [0], std: [1] }),
    [2, 3, 32, 32],
  ],
  ['honk', 'models/honk-kws/honk-full-opset13.onnx', 'mfcc', described([101, 40]), [2, 1, 101, 40]],
];

describe.skipIf(!dataFolder)('taps of an ONNX teacher', () => {
  it.each(cases)('of %s equal a graph cut there', async (_, path, input, data, shape) => {
    const bytes = await readFile(join(dataFolder as string, path));
    const inner = [...new Set((readOnnxModel(bytes).graph?.node ?? []).flatMap(({ output = [] }) => output))];
    // Every fifth: all kinds of layers, the first and the last.
    const names = inner.filter((name, i) => i % 5 === 0 || name === inner.at(-1));
    const values = randomStream(3).normal(shape.reduce((all, length) => all * length, 1));
    const folder = await modelFolder(dataFolder);
    const outputs = Object.fromEntries(names.map((name) => [name, { from: name, layout: 'keep' }]));
    const teacher = await folder.open('onnx', { model: `data:${path}`, outputs }, data);
    const answers = await teacher.label(images([2, ...(data.spec.image?.shape as number[])], values));
    await teacher.dispose();
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      const session = await ort.InferenceSession.create(cutAt(bytes, name), { logSeverityLevel: 4 });
      const results = await session.run({ [input]: new ort.Tensor('float32', values, shape) });
      await session.release();
      const wanted = results[name]?.data as Float32Array;
      const given = answers[name];
      expect(given?.data.length).toBe(wanted.length);
      const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
      const apart = wanted.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (given?.data[i] ?? NaN))),
        0,
      );
      // Layers that are fused in one graph and not in the other differ by rounding.
      expect(apart / scale, name).toBeLessThan(1e-5);
    }
    await rm(folder.path, { recursive: true });
  });
});

// Exports of real students through the real engine, read back by ONNX Runtime and by TF.js.
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, randomStream, readOnnxModel, type Engine } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ExportInput, Exporter, IndexedDataset, ComponentServices, Student } from 'potstill';
import { exporterComponents } from '../../src/export/components.js';
import { measureLatency } from '../../src/export/latency.js';
import { openOnnx } from '../../src/export/onnx-session.js';
import { studentComponents } from '../../src/students/index.js';
import { loadFolder } from '../../src/export/tfjs-folder.js';

let engine: Engine;
let folder: string;

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.dispose());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-export-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const random = randomStream(3);

function dataset(size: number): IndexedDataset {
  return {
    size,
    spec: { image: { dtype: 'float32', shape: [2, 2, 1] }, label: { dtype: 'int32', shape: [] } },
    inputs: ['image'],
    target: 'label',
    labels: ['no', 'yes', 'maybe "so"'],
    preprocessing: { layout: 'NHWC', scale: 1 / 255, mean: [0.5], std: [0.25] },
    fingerprint: 'f',
    example: (index) =>
      Promise.resolve({
        image: { dtype: 'float32', shape: [2, 2, 1], data: random.at(index).normal(4) },
        label: { dtype: 'int32', shape: [], data: Int32Array.of(index % 3) },
      }),
  };
}

function weights(name: string, shape: number[]): tf.Variable {
  const count = shape.reduce((product, axis) => product * axis, 1);
  return tf.variable(tf.tensor(random.child(name).normal(count), shape));
}

/** A linear student with a tap; `scale` may depend on the batch size, which an export must notice. */
function linear(scale: (batch: number) => number = () => 1): Student {
  const kernel = weights('kernel', [4, 3]);
  const bias = weights('bias', [3]);
  return {
    outputs: { logits: { dtype: 'float32', shape: [3] }, flat: { dtype: 'float32', shape: [4] } },
    variables: [
      { name: 'kernel', variable: kernel },
      { name: 'bias', variable: bias },
    ],
    forward(inputs) {
      const image = inputs.image as tf.Tensor;
      const flat = tf.reshape(image, [image.shape[0], 4]);
      const logits = tf.mul(
        tf.add(tf.matMul(flat as tf.Tensor2D, kernel as tf.Tensor2D), bias),
        scale(image.shape[0]),
      );
      return { logits, flat };
    },
  };
}

function layered(): Student {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [2, 2, 1] }),
      tf.layers.dense({ units: 5, activation: 'relu', name: 'hidden' }),
      tf.layers.dense({ units: 3, name: 'logits' }),
    ],
  });
  return {
    outputs: { logits: { dtype: 'float32', shape: [3] } },
    variables: model.weights.map((weight) => ({
      name: weight.originalName,
      // A layer variable's own tf.Variable; TF.js keeps it out of its types.
      variable: (weight as unknown as { val: tf.Variable }).val,
    })),
    forward: (inputs) => ({ logits: model.apply(inputs.image as tf.Tensor) as tf.Tensor }),
    layersModel: model,
  };
}

async function make(
  name: string,
  options: Record<string, unknown> = {},
  rebound?: Partial<Engine>,
): Promise<Exporter> {
  const component = exporterComponents.find((entry) => entry.name === name);
  if (component?.kind !== 'exporter') throw new Error(`no exporter ${name}`);
  const services = {
    engine: { ...engine, ...rebound },
    random,
    paths: { runFolder: folder },
  } as unknown as ComponentServices;
  return component.create(component.options.parse(options), services, {});
}

function inputOf(student: Student, size = 5): ExportInput {
  const data = dataset(size);
  return {
    student,
    data,
    sample: data,
    folder: join(folder, 'exports'),
    recipeName: 'tiny',
    recipeHash: 'abc',
  };
}

/** An engine whose predictors answer something else: the export is then wrong, as far as it can tell. */
const off: Partial<Engine> = {
  predictor: async (definition) => {
    const true_ = await engine.predictor(definition);
    return {
      ...true_,
      dispose: () => true_.dispose(),
      run: async (inputs) => {
        const outputs = await true_.run(inputs);
        for (const { data } of Object.values(outputs)) data[0] = (data[0] as number) + 0.5;
        return outputs;
      },
    };
  },
};

describe('exporter onnx', () => {
  it('writes a file that answers as the student does, for any batch size', async () => {
    const student = linear();
    const input = inputOf(student);
    const result = await (await make('onnx')).export(input);
    expect(result).toMatchObject({ kind: 'onnx', path: 'exports/student.onnx' });
    expect(result.maxDifference).toBeLessThan(1e-5);

    const path = join(folder, result.path);
    const content = await readFile(path);
    expect(result.bytes).toBe(content.length);
    expect(result.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(await readdir(join(folder, 'exports'))).toEqual(['student.onnx']);

    const session = await openOnnx(path);
    for (const batch of [1, 7]) {
      const image = { dtype: 'float32', shape: [batch, 2, 2, 1], data: random.normal(batch * 4) } as const;
      const answer = await session.run({ image });
      expect(Object.keys(answer)).toEqual(['logits']);
      const want = tf.tidy(() => {
        const tensor = tf.tensor(image.data, [...image.shape]);
        return student.forward({ image: tensor }, {} as never).logits?.dataSync();
      });
      expect(answer.logits?.shape).toEqual([batch, 3]);
      [...(answer.logits?.data ?? [])].forEach((value, i) =>
        expect(value).toBeCloseTo(want?.[i] as number, 4),
      );
    }
    await session.release();
  });

  it('tells a stranger what it needs: input, labels, recipe', async () => {
    const result = await (await make('onnx')).export(inputOf(linear()));
    const model = readOnnxModel(await readFile(join(folder, result.path)));
    const metadata = new Map((model.metadataProps ?? []).map(({ key, value }) => [key, value]));
    expect(JSON.parse(metadata.get('potstill.input') ?? '')).toEqual({
      name: 'image',
      shape: [2, 2, 1],
      layout: 'NHWC',
      scale: 1 / 255,
      mean: [0.5],
      std: [0.25],
    });
    expect(JSON.parse(metadata.get('potstill.labels') ?? '')).toEqual(['no', 'yes', 'maybe "so"']);
    expect(metadata.get('potstill.name')).toBe('tiny');
    expect(metadata.get('potstill.recipe')).toBe('abc');
  });

  it('writes the same bytes for the same student', async () => {
    const student = linear();
    const exporter = await make('onnx');
    const first = await exporter.export(inputOf(student));
    expect((await exporter.export(inputOf(student))).sha256).toBe(first.sha256);
  });

  it('exports the outputs and under the name asked for', async () => {
    const exporter = await make('onnx', { file: 'small.onnx', outputs: ['logits', 'flat'] });
    const result = await exporter.export(inputOf(linear(), 1));
    expect(result.path).toBe('exports/small.onnx');
    const session = await openOnnx(join(folder, result.path));
    const image = { dtype: 'float32', shape: [1, 2, 2, 1], data: random.normal(4) } as const;
    expect((await session.run({ image })).flat?.data).toEqual(image.data);
    await session.release();
  });

  it('writes nothing when the file does not answer as the student does', async () => {
    const exporter = await make('onnx', {}, off);
    await expect(exporter.export(inputOf(linear()))).rejects.toThrow(
      /^EXPORT_FAILED: export `onnx`: output `logits` of the exported model differs from the student's by 0\.500/,
    );
    await expect(readdir(join(folder, 'exports'))).rejects.toThrow('ENOENT');
  });

  it('refuses a student that depends on the batch size', async () => {
    const exporter = await make('onnx');
    await expect(exporter.export(inputOf(linear((batch) => 1 / batch)))).rejects.toThrow(/free first axis/);
  });

  it('says before training what can never be exported', async () => {
    const data = dataset(1);
    const exporter = await make('onnx', { outputs: ['logit'] });
    expect(() => exporter.check?.({ student: linear(), data })).toThrow(
      'export `onnx`: the student has no output `logit`',
    );
    const ragged = {
      ...data,
      spec: { ...data.spec, image: { dtype: 'float32', shape: [null, 4], free: ['batch'] } },
    } as const;
    const plain = await make('onnx');
    expect(() => plain.check?.({ student: linear(), data: ragged })).toThrow(
      'an axis of varying length of `image` is named `batch`',
    );
    expect(() => plain.check?.({ student: linear(), data })).not.toThrow();
  });

  it('wants at least one example to compare on', async () => {
    const exporter = await make('onnx');
    await expect(exporter.export(inputOf(linear(), 0))).rejects.toThrow('there are no examples on which');
  });

  it('refuses a file name that leaves the folder', async () => {
    await expect(make('onnx', { file: '../student.onnx' })).rejects.toThrow('without folders');
  });
});

describe('measureLatency', () => {
  it('runs one example, given without a batch axis, and fails where an input is missing', async () => {
    const { path } = await (await make('onnx')).export(inputOf(linear()));
    const example = await dataset(1).example(0);
    const median = await measureLatency(join(folder, path), example, { warmUp: 1, runs: 3 });
    expect(median).toBeGreaterThan(0);
    const nameless = { label: { dtype: 'int32', shape: [], data: Int32Array.of(0) } } as const;
    await expect(measureLatency(join(folder, path), nameless)).rejects.toThrow(
      'the model needs an input `image`; given are label',
    );
  });
});

describe('exporter tfjs', () => {
  it('writes a folder that TF.js loads and that answers as the student does', async () => {
    const student = layered();
    const result = await (await make('tfjs')).export(inputOf(student));
    expect(result).toMatchObject({ kind: 'tfjs', path: 'exports/student-tfjs' });
    expect(result.maxDifference).toBeLessThan(1e-5);
    const path = join(folder, result.path);
    const [json, bin] = [await readFile(join(path, 'model.json')), await readFile(join(path, 'weights.bin'))];
    expect(result.bytes).toBe(json.length + bin.length);
    expect(result.sha256).toBe(createHash('sha256').update(json).update(bin).digest('hex'));
    expect(
      (JSON.parse(json.toString()) as { userDefinedMetadata: object }).userDefinedMetadata,
    ).toMatchObject({
      'potstill.name': 'tiny',
      'potstill.labels': '["no","yes","maybe \\"so\\""]',
    });

    const loaded = await loadFolder(path);
    const image = tf.tensor(random.normal(8), [2, 2, 2, 1]);
    const [want, got] = [student.layersModel?.predict(image), loaded.predict(image)] as [
      tf.Tensor,
      tf.Tensor,
    ];
    expect([...got.dataSync()]).toEqual([...want.dataSync()]);
    expect(await readdir(join(folder, 'exports'))).toEqual(['student-tfjs']);
  });

  it('replaces an older folder whole', async () => {
    const exporter = await make('tfjs');
    const { path } = await exporter.export(inputOf(layered()));
    await writeFile(join(folder, path, 'left-over.txt'), 'old');
    await exporter.export(inputOf(layered()));
    expect((await readdir(join(folder, path))).sort()).toEqual(['model.json', 'weights.bin']);
  });

  it('keeps the older folder when the new one does not answer as the student does', async () => {
    const first = await (await make('tfjs')).export(inputOf(layered()));
    const before = await readFile(join(folder, first.path, 'weights.bin'));
    const exporter = await make('tfjs', {}, off);
    await expect(exporter.export(inputOf(layered()))).rejects.toThrow('EXPORT_FAILED');
    expect(await readFile(join(folder, first.path, 'weights.bin'))).toEqual(before);
    expect(await readdir(join(folder, 'exports'))).toEqual(['student-tfjs']);
  });

  it('refuses, before training too, a student that is no layers model, and says what can be done', async () => {
    const exporter = await make('tfjs');
    const refusal = 'export `tfjs`: the student is not a tf.layers model';
    expect(() => exporter.check?.({ student: linear(), data: dataset(1) })).toThrow(refusal);
    await expect(exporter.export(inputOf(linear()))).rejects.toMatchObject({
      records: [{ hint: 'Use `onnx`, which exports every student, or the student `layers`.' }],
    });
    expect(() => exporter.check?.({ student: layered(), data: dataset(1) })).not.toThrow();
  });

  it.each(['onnx', 'tfjs'])('exports a `layers` student with dropout and batch norm as %s', async (name) => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [2, 2, 1],
          filters: 4,
          kernelSize: 2,
          padding: 'same',
          activation: 'relu',
        }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: 3 }),
      ],
    });
    const file = join(folder, 'model.json');
    await writeFile(file, model.toJSON() as unknown as string);
    const component = studentComponents.find((entry) => entry.name === 'layers');
    if (component?.kind !== 'student') throw new Error('no student `layers`');
    const services = { random, paths: { recipeFolder: folder }, progress: { emit: () => undefined } };
    const student = await component.create(
      component.options.parse({ model: 'model.json' }),
      services as unknown as ComponentServices,
      { data: dataset(1) },
    );
    const result = await (await make(name)).export(inputOf(student));
    expect(result.maxDifference).toBeLessThan(1e-5);
  });
});

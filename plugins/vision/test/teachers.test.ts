// Real outside teachers on real images: accuracy shows that numbers and axes are what the models were trained on.
import { describe, expect, it } from 'vitest';
import {
  batches,
  teacherComponents,
  type Dataset,
  type IndexedDataset,
  type ComponentServices,
  type Teacher,
} from 'potstill';
import { randomStream } from '@potstill/engine';
import { make, testServices } from './services.js';

const dataFolder = process.env.POTSTILL_DATA;
if (!dataFolder && process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');

async function openOnnx(options: object, data: Dataset): Promise<Teacher> {
  const found = teacherComponents.find(({ name }) => name === 'onnx');
  if (found?.kind !== 'teacher') throw new Error('no teacher onnx');
  const services = {
    ...testServices(process.cwd(), dataFolder),
    engine: { backend: 'onnx', threads: 1 },
  } as unknown as ComponentServices;
  return found.create(found.options.parse(options), services, { data });
}

/** Share of examples whose largest logit is the label's. */
async function accuracy(teacher: Teacher, data: IndexedDataset): Promise<number> {
  let right = 0;
  for await (const batch of batches(data, { size: 100, random: randomStream(0), name: 'test' })) {
    const { logits } = await teacher.label(batch);
    const classes = logits?.shape[1] ?? 0;
    batch.tensors.label?.data.forEach((label, row) => {
      const scores = [...(logits?.data.subarray(row * classes, (row + 1) * classes) ?? [])];
      if (scores.indexOf(Math.max(...scores)) === label) right++;
    });
  }
  return right / data.size;
}

async function open(name: string, options: object): Promise<IndexedDataset> {
  const data = await make('dataset', name, options, testServices(process.cwd(), dataFolder), {});
  if (data.size === undefined) throw new Error('a stream');
  return data;
}

describe.skipIf(!dataFolder)('teachers from POTSTILL_DATA', () => {
  it('mnist-cnn, which takes one [1, 28, 28] at a time, knows its digits', async () => {
    // Real scores on flat data of bytes / 255 with the mean taken off, which is undone.
    const data = await open('vision/mnist', { split: 'test', range: [0, 2000], mean: 0.1307, std: 0.3081 });
    const options = { model: 'data:models/mnist-cnn/mnist.onnx', input: { scale: 1, mean: 0, std: 1 } };
    const teacher = await openOnnx(options, data);
    expect(teacher.outputs).toEqual({ logits: { dtype: 'float32', shape: [10] } });
    expect(teacher.parameters).toBe(5994);
    // Measured on all 10,000: 98.9 %. The first 2,000 are the harder part.
    expect(await accuracy(teacher, data)).toBeGreaterThan(0.975);
    await teacher.dispose();
  });

  const labels = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
  const resnet = {
    model: 'data:models/cifar10-resnet/resnet20.onnx',
    labels,
    input: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    outputs: { logits: 'logits', pooled: 'pooled' },
  };

  it('resnet20, which takes normalised NCHW, knows the images of a folder', async () => {
    const data = await open('vision/image-folder', { folder: 'data:cifar10-jpg/folder/test' });
    expect(data.labels).toEqual(labels);
    const teacher = await openOnnx(resnet, data);
    expect(teacher.outputs.pooled?.shape).toEqual([64]);
    // 81 % of these lossy images are measured with another program on the whole 10,000.
    const normalised = await accuracy(teacher, data);
    expect(normalised).toBeGreaterThan(0.75);
    expect(normalised).toBeLessThan(0.87);
    await teacher.dispose();
    // Without its mean and std it does worse: the test would notice.
    const plain = await openOnnx({ ...resnet, input: {} }, data);
    expect(await accuracy(plain, data)).toBeLessThan(normalised - 0.1);
    await plain.dispose();
  });

  it('gives the same answers whatever the preprocessing of the data', async () => {
    const folder = { folder: 'data:cifar10-jpg/folder/test', cache: 'memory' };
    const answers = async (options: object) => {
      const data = await open('vision/image-folder', { ...folder, ...options });
      const teacher = await openOnnx(resnet, data);
      const batch = await data.batch?.([0, 50, 199]);
      if (!batch) throw new Error('no batch');
      const { logits } = await teacher.label(batch);
      await teacher.dispose();
      return logits?.data ?? [];
    };
    const plain = await answers({});
    const other = await answers({ mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] });
    plain.forEach((value, i) => expect(other[i]).toBeCloseTo(value, 3));
  });
});

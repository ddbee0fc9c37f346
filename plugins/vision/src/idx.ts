// The data set `vision/idx`: any pair of idx files.
import { dataset, resolveDataPath } from 'potstill';
import { z } from 'zod';
import { classNames, readIdxImages } from './idx-images.js';
import { normalisedLike } from './normalise.js';
import { layoutOption, normaliseOptions, selectionOptions } from './options.js';
import { pixelDataset } from './pixel-dataset.js';

export const idx = dataset('vision/idx', {
  help: 'Images and labels from a pair of idx files, gzip or not.',
  options: z.strictObject({
    images: z.string().describe('idx file of images; relative to the recipe, or data:… below POTSTILL_DATA'),
    labels: z.string().describe('idx file of labels'),
    names: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("class names; default: those of the training data, there '0', '1', …"),
    layout: layoutOption,
    ...selectionOptions,
    ...normaliseOptions,
    source: z.string().optional().describe('where the data comes from and its licence, for the report'),
  }),
  create: async (options, services, { train }) => {
    const { images, labels, names, source, ...rest } = options;
    const labelsPath = resolveDataPath(labels, services.paths);
    const pixels = await readIdxImages(resolveDataPath(images, services.paths), labelsPath);
    return pixelDataset(pixels, {
      ...rest,
      ...normalisedLike(train, rest, pixels.channels),
      name: 'vision/idx',
      labels: classNames(pixels.classes, names, labelsPath, train),
      ...(source === undefined ? {} : { source }),
    });
  },
});

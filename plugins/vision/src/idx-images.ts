// A pair of idx files, images and labels, as pixels.
import { PotstillError, shapeText, type DataDescription } from 'potstill';
import { readIdx } from './idx-file.js';
import type { IdxArray } from './idx-format.js';
import type { Pixels } from './pixel-dataset.js';

/**
 * Reads images [n, height, width] or [n, height, width, channels], and labels [n] of whole numbers from 0.
 * @throws PotstillError DATA_NOT_FOUND or DATA_DAMAGED, naming the file and what was expected.
 */
export async function readIdxImages(imagesPath: string, labelsPath: string): Promise<Pixels> {
  const [images, labels] = await Promise.all([readIdx(imagesPath), readIdx(labelsPath)]);
  const [count, height, width, channels = 1] = images.shape as [number, number, number, number?];
  if (images.shape.length < 3 || images.shape.length > 4) {
    throw misfit(imagesPath, images, 'images [n, height, width] or [n, height, width, channels]');
  }
  if (labels.shape.length !== 1) throw misfit(labelsPath, labels, 'labels [n]');
  if (labels.shape[0] !== count) {
    throw damaged(`${imagesPath} has ${count} images, ${labelsPath} has ${labels.shape[0] ?? 0} labels`);
  }
  labels.data.forEach((label, index) => {
    if (!Number.isInteger(label) || label < 0) {
      throw damaged(`${labelsPath}: label ${label} of example ${index} is not a class number`);
    }
  });
  return { raw: images.data, height, width, channels, classes: labels.data };
}

function misfit(path: string, array: IdxArray, expected: string): PotstillError {
  return damaged(`${path} has shape ${shapeText(array.shape)}, expected ${expected}`);
}

function damaged(message: string): PotstillError {
  return new PotstillError({
    code: 'DATA_DAMAGED',
    message,
    hint: 'Check that `images` and `labels` name the right files of the same part of the data.',
  });
}

/**
 * Class names for labels: those given; else those of the training data, where they name every label; else '0', '1', … up
 * to the highest label.
 * @throws PotstillError DATA_DAMAGED where a label has no name among those given.
 */
export function classNames(
  classes: ArrayLike<number>,
  given: readonly string[] | undefined,
  path: string,
  train?: DataDescription,
): readonly string[] {
  let highest = -1;
  let at = -1;
  for (let i = 0; i < classes.length; i++) {
    if ((classes[i] as number) > highest) {
      highest = classes[i] as number;
      at = i;
    }
  }
  const known = given ?? train?.labels;
  if (known && highest < known.length) return known;
  if (!given) return Array.from({ length: highest + 1 }, (_, i) => String(i));
  throw damaged(
    `${path}: example ${at} has label ${highest}, and only ${given.length} class names are known`,
  );
}

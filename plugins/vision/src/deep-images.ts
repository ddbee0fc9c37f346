// Images of 16 bits a channel whose values use only a small part of the range: 12 bits, as of cameras and scanners.
import { PotstillError } from 'potstill';
import { readImageFile, rgbPixels } from './decode.js';
import type { ScannedImage } from './image-scan.js';

/** How many are looked at: all images of a device have the same number of bits. */
const looked = 16;
/** Values below it use a quarter of 16 bits or less. */
const quarter = 2 ** 14;

/**
 * Without a range, 16-bit values are divided by 257. Images whose values stay below a quarter of the range would become
 * nearly black, so the range must be named.
 * @throws PotstillError RECIPE_BAD_VALUE with the two lines to choose from.
 */
export async function checkDeepImages(images: readonly ScannedImage[]): Promise<void> {
  const deep = images.filter(({ header }) => header.deep).slice(0, looked);
  let highest = 0;
  for (const { path, header } of deep) {
    const { data } = await rgbPixels(await readImageFile(path), header, { fit: 'fill', alpha: 'drop' });
    for (const value of data) if (value > highest) highest = value;
  }
  const [first] = deep;
  if (first === undefined || highest === 0 || highest >= quarter) return;
  const top = 2 ** Math.max(8, Math.ceil(Math.log2(highest + 1))) - 1;
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `vision/image-folder: ${first.path} and other images have 16 bits a channel and no value above ${highest}; spread over 0 to 65535 they would be nearly black`,
    hint: `Write \`range: [0, ${top}]\` if ${top} is white, or \`range: [0, 65535]\` if they are as dark as that.`,
  });
}

// Augmentation: pixel-shift (Hinton's jitter), crop, flip.
import { transform, type DataDescription, type Transform } from 'potstill';
import { z } from 'zod';
import { imageTransform } from './image-transform.js';
import { planesOf } from './planes.js';
import { fillValues, mirrorPlanes, shiftPlanes } from './shift.js';

const field = z
  .string()
  .optional()
  .describe('the field with the image; default: the first input of the data');
const fill = z
  .number()
  .default(0)
  .describe('raw value of the pixels that enter at the borders; scaled and normalised like the data');

interface Shift {
  /** Largest shift in each direction, in pixels. */
  readonly reach: number;
  readonly fill: number;
  readonly field?: string | undefined;
}

/** Moves images by whole pixels, uniform on [-reach, reach] in y and x: words 0 and 1 of the example's stream. */
function randomShift(data: DataDescription, name: string, { reach, fill, field }: Shift): Transform {
  const at = planesOf(data, name, field);
  const border = fillValues(data, fill, at.channels);
  const offset = (word: number): number => Math.floor(word * 2 ** -32 * (2 * reach + 1)) - reach;
  return imageTransform({
    name,
    at,
    key: { reach, border: Array.from(border) },
    change(source, random) {
      const words = random.bits(2);
      const down = offset(words[0] as number);
      const right = offset(words[1] as number);
      return down === 0 && right === 0 ? source : shiftPlanes(source, at, down, right, border);
    },
  });
}

/** Images jittered by up to two pixels: Hinton et al. 2015, section 3. */
export const pixelShift = transform('vision/pixel-shift', {
  help: "Moves each image by whole pixels, uniform in x and y: Hinton's jitter.",
  options: z.strictObject({
    pixels: z.int().min(0).default(2).describe('largest shift in each direction'),
    fill,
    field,
  }),
  create: ({ pixels, ...rest }, _services, { data }) =>
    randomShift(data, 'vision/pixel-shift', { ...rest, reach: pixels }),
});

/**
 * The usual augmentation of CIFAR: padded by 4 pixels on each side, then a random crop of the old size (He et al. 2016,
 * "Deep residual learning", section 4.2). It is the same as a shift by up to the padding.
 */
export const crop = transform('vision/crop', {
  help: 'Pads each image on all sides and crops it at random to its old size.',
  options: z.strictObject({
    padding: z.int().min(0).default(4).describe('pixels added on each side'),
    fill,
    field,
  }),
  create: ({ padding, ...rest }, _services, { data }) =>
    randomShift(data, 'vision/crop', { ...rest, reach: padding }),
});

/** Left and right exchanged. */
export const flip = transform('vision/flip', {
  help: 'Mirrors each image left to right with a probability.',
  options: z.strictObject({
    probability: z.number().min(0).max(1).default(0.5).describe('share of images that are mirrored'),
    field,
  }),
  create: ({ probability, field }, _services, { data }) => {
    const at = planesOf(data, 'vision/flip', field);
    return imageTransform({
      name: 'vision/flip',
      at,
      key: { probability },
      change: (source, random) =>
        (random.uniform(1)[0] as number) < probability ? mirrorPlanes(source, at) : source,
    });
  },
});

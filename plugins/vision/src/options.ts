// Options that several components share.
import { z } from 'zod';

/**
 * How raw values become inputs: `(raw * scale - mean) / std`; mean and std one number, or one a channel. Validation and
 * test data take those of the training data, so that they need to be written once.
 */
export const normaliseOptions = {
  scale: z
    .number()
    .optional()
    .describe('raw values are multiplied by it first; default: that of the training data, there 1/255'),
  mean: z
    .union([z.number(), z.array(z.number()).min(1)])
    .optional()
    .describe(
      'subtracted after scaling: one number, or one a channel; default: that of the training data, there 0',
    ),
  std: z
    .union([z.number().positive(), z.array(z.number().positive()).min(1)])
    .optional()
    .describe('divided by after the mean is subtracted; default: that of the training data, there 1'),
};

/** Which examples of a whole data set are taken; applied in this order. */
export const selectionOptions = {
  range: z
    .tuple([z.int().min(0), z.int().min(0)])
    .refine(([from, to]) => from < to, 'the range is [from, to): `from` must be below `to`')
    .optional()
    .describe('only examples [from, to)'),
  classes: z
    .array(z.int().min(0))
    .min(1)
    .optional()
    .describe('of those, only examples of these class numbers'),
  exclude: z.array(z.int().min(0)).min(1).optional().describe('of those, no examples of these class numbers'),
};

export const layoutOption = z
  .enum(['flat', 'image'])
  .default('flat')
  .describe('flat: one axis of pixels; image: height, width, channels');

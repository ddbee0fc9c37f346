// Says what examples of varying length are padded to.
import type { RandomStream } from '@potstill/engine';
import { freeAxes, measureLengths, paddingShare } from '../data/index.js';
import type { Finding } from '../contracts/index.js';
import type { OpenData } from './data.js';

/** One line a data set: its buckets and how much of what is computed is padding. None where all examples have one shape. */
export async function bucketFindings(
  { dataset, transforms, name }: OpenData,
  random: RandomStream,
): Promise<Finding[]> {
  const { buckets } = dataset;
  const axes = freeAxes(dataset.spec);
  if (axes.length === 0 || buckets === undefined || buckets.length === 0) return [];
  const lengths = await measureLengths(dataset, transforms, { random, name });
  const names = Object.keys(buckets[0] ?? {});
  const of = (axis: string) => `\`${axis}\` ${buckets.map((bucket) => bucket[axis]).join(', ')}`;
  const share = Math.round(100 * paddingShare(lengths, buckets, axes));
  return [
    {
      level: 'ok',
      code: 'buckets',
      message: `examples of varying length are padded to ${buckets.length} ${buckets.length === 1 ? 'bucket' : 'buckets'}: ${names.map(of).join('; ')}; about ${share} % of what is computed is padding`,
    },
  ];
}

// What image transforms share: the field is found once, and the other fields pass unchanged.
import { fingerprint, type RandomStream, type Transform } from 'potstill';
import type { Planes } from './planes.js';

export interface ImageTransform {
  /** As recipes name it. */
  readonly name: string;
  /** Where the image lies in an example. */
  readonly at: Planes;
  /** All else that changes the result; part of the fingerprint. */
  readonly key: object;
  /** A changed copy, or the same array when nothing changes. */
  readonly change: (source: Float32Array, random: RandomStream) => Float32Array;
}

/** A random transform of the image of each example. The image's shape stays. */
export function imageTransform({ name, at, key, change }: ImageTransform): Transform {
  return {
    fingerprint: fingerprint(name, key, at),
    random: true,
    apply(example, random) {
      const image = example[at.field];
      if (image?.dtype !== 'float32')
        throw new Error(`internal: ${name} found no float32 field \`${at.field}\``);
      const data = change(image.data, random);
      return data === image.data ? example : { ...example, [at.field]: { ...image, data } };
    },
  };
}

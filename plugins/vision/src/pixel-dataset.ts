// Images of one size as raw values in memory (bytes take a quarter of floats), converted to input numbers batch by batch.
import {
  classPasses,
  fingerprint,
  PotstillError,
  type Batch,
  type Example,
  type IndexedDataset,
  type Preprocessing,
} from 'potstill';
import { pixelWriter, preprocessingOf, type Normalise, type RawPixels } from './normalise.js';

export interface Pixels {
  /** Raw values: images one after another, each height x width x channels, row-major. */
  readonly raw: RawPixels;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Class number of each image. */
  readonly classes: ArrayLike<number>;
}

/** Which of the images are taken, in the order of the keys. */
export interface Selection {
  readonly range?: readonly [number, number] | undefined;
  readonly classes?: readonly number[] | undefined;
  readonly exclude?: readonly number[] | undefined;
}

export interface PixelDatasetOptions extends Selection, Normalise {
  /** In errors. */
  readonly name: string;
  /** `flat`: examples of one axis. `image`: height, width, channels. */
  readonly layout: 'flat' | 'image';
  readonly labels: readonly string[];
  readonly source?: string;
  readonly skipped?: IndexedDataset['skipped'];
}

/**
 * A data set with the fields `image` (float32, [height * width * channels] or [height, width, channels]) and `label`
 * (int32 scalar).
 * @throws PotstillError DATA_EMPTY where the selection leaves nothing.
 */
export function pixelDataset(pixels: Pixels, options: PixelDatasetOptions): IndexedDataset {
  const { raw, height, width, channels, classes } = pixels;
  const length = height * width * channels;
  const layout: Preprocessing['layout'] = options.layout === 'flat' ? 'flat' : 'NHWC';
  const preprocessing = preprocessingOf(options, layout, channels);
  const chosen = select(classes, options);
  const shape = options.layout === 'flat' ? [length] : [height, width, channels];
  const write = pixelWriter(raw, preprocessing);
  const position = (index: number): number => {
    const found = chosen[index];
    if (found === undefined)
      throw new Error(`internal: ${options.name} has ${chosen.length} examples, no ${index}`);
    return found;
  };

  return {
    spec: { image: { dtype: 'float32', shape }, label: { dtype: 'int32', shape: [] } },
    inputs: ['image'],
    target: 'label',
    labels: options.labels,
    preprocessing,
    fingerprint: fingerprint(
      'pixels',
      { height, width, channels, layout, preprocessing, labels: options.labels },
      raw,
      Int32Array.from(classes),
      chosen,
    ),
    ...(options.source === undefined ? {} : { source: options.source }),
    ...(options.skipped === undefined ? {} : { skipped: options.skipped }),
    size: chosen.length,
    targets: Int32Array.from(chosen, (at) => classes[at] as number),
    example: async (index): Promise<Example> => {
      const at = position(index);
      const data = new Float32Array(length);
      write(at * length, length, data, 0);
      return {
        image: { dtype: 'float32', shape, data },
        label: { dtype: 'int32', shape: [], data: Int32Array.of(classes[at] as number) },
      };
    },
    batch: async (indices, spare): Promise<Batch> => {
      const list = Array.from(indices);
      // Memory that has been written before costs half the time.
      const known = spare?.size === list.length ? spare.tensors : {};
      const data =
        known.image?.dtype === 'float32' ? known.image.data : new Float32Array(list.length * length);
      const label = known.label?.dtype === 'int32' ? known.label.data : new Int32Array(list.length);
      list.forEach((index, row) => {
        const at = position(index);
        write(at * length, length, data, row * length);
        label[row] = classes[at] as number;
      });
      return {
        size: list.length,
        indices: list,
        tensors: {
          image: { dtype: 'float32', shape: [list.length, ...shape], data },
          label: { dtype: 'int32', shape: [list.length], data: label },
        },
      };
    },
  };
}

function select(classes: ArrayLike<number>, options: PixelDatasetOptions): Uint32Array {
  const [from, to] = options.range ?? [0, classes.length];
  const filter = {
    ...(options.classes ? { only: options.classes } : {}),
    ...(options.exclude ? { exclude: options.exclude } : {}),
  };
  const kept: number[] = [];
  for (let i = from; i < Math.min(to, classes.length); i++) {
    if (classPasses(filter, classes[i] as number)) kept.push(i);
  }
  if (kept.length === 0) {
    const cut = { range: options.range, classes: options.classes, exclude: options.exclude };
    throw new PotstillError({
      code: 'DATA_EMPTY',
      message: `${options.name}: none of ${classes.length} examples is left after ${JSON.stringify(cut)}`,
      hint: `The data has ${classes.length} examples in classes 0 to ${options.labels.length - 1}. Widen \`range\`, \`classes\` or \`exclude\`.`,
    });
  }
  return Uint32Array.from(kept);
}

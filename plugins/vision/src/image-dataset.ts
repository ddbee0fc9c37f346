// Scanned image files as a data set: decoded when used, or once and kept.
import { fingerprint, PotstillError, type Batch, type Example, type IndexedDataset } from 'potstill';
import { decodeImage, ImageProblem, readImageFile, type ImageForm } from './decode.js';
import { digestOf, type Scan, type ScannedImage } from './image-scan.js';
import { pixelWriter, preprocessingOf, type Normalise } from './normalise.js';
import { pixelDataset } from './pixel-dataset.js';

const name = 'vision/image-folder';

/** How the files of a scan become examples. */
export interface Folder extends ImageForm, Normalise {
  readonly labels: readonly string[];
  readonly size: readonly [number, number];
  readonly skipped: NonNullable<IndexedDataset['skipped']>;
  readonly source?: string | undefined;
}

/** All images decoded, as bytes; the scan must have kept them. */
export function imagesInMemory(scan: Scan, folder: Folder): IndexedDataset {
  const { size, channels, labels, skipped, source } = folder;
  const [height, width] = size;
  const length = height * width * channels;
  const raw = new Uint8Array(scan.images.length * length);
  scan.images.forEach((image, i) => raw.set(image.bytes ?? [], i * length));
  const classes = scan.images.map((image) => image.label);
  const { scale, mean, std } = folder;
  return {
    ...pixelDataset(
      { raw, height, width, channels, classes },
      {
        name,
        layout: 'image',
        labels,
        skipped,
        scale,
        mean,
        std,
        ...(source === undefined ? {} : { source }),
      },
    ),
    // The same as without the cache: what is kept where does not change the content.
    fingerprint: fingerprintOf(scan, folder),
  };
}

function fingerprintOf(scan: Scan, folder: Folder): string {
  const { labels, size, channels, fit, alpha, range = null, scale, mean, std } = folder;
  return fingerprint(name, scan.content, { labels, size, channels, fit, alpha, range, scale, mean, std });
}

/** Images decoded at each use. A file that has become unreadable meanwhile is DATA_DAMAGED with its path. */
export function imagesOnDemand(scan: Scan, folder: Folder): IndexedDataset {
  const { size, channels, labels, skipped, source } = folder;
  const [height, width] = size;
  const shape = [height, width, channels];
  const length = height * width * channels;
  const preprocessing = preprocessingOf(folder, 'NHWC', channels);

  const imageAt = (index: number): ScannedImage => {
    const image = scan.images[index];
    if (!image) throw new Error(`internal: ${name} has ${scan.images.length} examples, no ${index}`);
    return image;
  };
  const load = async (image: ScannedImage, out: Float32Array, to: number): Promise<void> => {
    try {
      const content = await readImageFile(image.path);
      // The fingerprint, under which teacher outputs are kept, is of the files as they were.
      if (digestOf(content) !== image.digest) throw new ImageProblem('has changed since the run began');
      const decoded = await decodeImage(content, image.header, folder);
      pixelWriter(decoded.bytes, preprocessing)(0, length, out, to);
    } catch (error) {
      if (!(error instanceof ImageProblem)) throw error;
      throw new PotstillError(
        {
          code: 'DATA_DAMAGED',
          message: `${image.path} ${error.message}`,
          hint: 'Fix or remove the file and start the run again, without --resume: the data are others then. `verify: full` finds such files before training.',
        },
        { cause: error },
      );
    }
  };
  return {
    spec: { image: { dtype: 'float32', shape }, label: { dtype: 'int32', shape: [] } },
    inputs: ['image'],
    target: 'label',
    labels,
    preprocessing,
    fingerprint: fingerprintOf(scan, folder),
    ...(source === undefined ? {} : { source }),
    skipped,
    size: scan.images.length,
    targets: Int32Array.from(scan.images, (image) => image.label),
    example: async (index): Promise<Example> => {
      const image = imageAt(index);
      const data = new Float32Array(length);
      await load(image, data, 0);
      return {
        image: { dtype: 'float32', shape, data },
        label: { dtype: 'int32', shape: [], data: Int32Array.of(image.label) },
      };
    },
    batch: async (indices): Promise<Batch> => {
      const list = Array.from(indices);
      const images = list.map(imageAt);
      const data = new Float32Array(list.length * length);
      await Promise.all(images.map((image, row) => load(image, data, row * length)));
      return {
        size: list.length,
        indices: list,
        tensors: {
          image: { dtype: 'float32', shape: [list.length, ...shape], data },
          label: {
            dtype: 'int32',
            shape: [list.length],
            data: Int32Array.from(images, (image) => image.label),
          },
        },
      };
    },
  };
}

// The data set `vision/image-folder`: one folder a class, images in it.
import { dataset, PotstillError, resolveDataPath, type IndexedDataset, type ProgressSink } from 'potstill';
import { z } from 'zod';
import { imagesInMemory, imagesOnDemand } from './image-dataset.js';
import { listImages } from './image-files.js';
import { scanImages, type Scan, type ScannedImage } from './image-scan.js';
import { normaliseOptions } from './options.js';

const name = 'vision/image-folder';

export const imageFolder = dataset(name, {
  help: 'Images in one folder a class, read through sharp.',
  options: z.strictObject({
    folder: z.string().describe('relative to the recipe, or data:… below POTSTILL_DATA'),
    classes: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('names of the class folders, in the order of class numbers; default: all, sorted'),
    size: z
      .tuple([z.int().min(1), z.int().min(1)])
      .optional()
      .describe('[height, width] to resize to; default: the size that all images have'),
    fit: z
      .enum(['cover', 'contain', 'fill'])
      .default('cover')
      .describe('when the aspect ratio differs: cut, black borders, or stretch'),
    channels: z
      .union([z.literal(1), z.literal(3)])
      .default(3)
      .describe('3: RGB; 1: grey'),
    onError: z
      .enum(['fail', 'skip'])
      .default('fail')
      .describe(
        'damaged files: fail at once, or leave them out, counted; skip decodes every file beforehand',
      ),
    cache: z
      .enum(['none', 'memory'])
      .default('none')
      .describe('memory: decode once and keep the bytes; none: decode when used'),
    ...normaliseOptions,
    source: z.string().optional().describe('where the data comes from and its licence, for the report'),
  }),
  create: async (options, services): Promise<IndexedDataset> => {
    const folder = resolveDataPath(options.folder, services.paths);
    const { labels, files } = await listImages(folder, options.classes);
    const keep = options.cache === 'memory';
    const scan = await scanImages(files, { ...options, keep, decode: keep || options.onError === 'skip' });
    if (scan.problems.length > 0) {
      if (options.onError === 'fail') throw damagedFiles(scan.problems);
      warn(
        services.progress,
        `${scan.problems.length} of ${files.length} files were left out`,
        scan.problems,
      );
    }
    const first = scan.images[0];
    if (!first) {
      throw new PotstillError({
        code: 'DATA_EMPTY',
        message: `${name}: ${folder} has no image that can be read (${files.length} files, ${scan.problems.length} damaged)`,
      });
    }
    checkSizes(scan.images, first);
    const size = first.size;
    const shared = { ...options, folder, labels, size, skipped: scan.problems };
    return keep ? imagesInMemory(scan, shared) : imagesOnDemand(scan, shared);
  },
});

function damagedFiles(problems: Scan['problems']): PotstillError {
  const shown = problems.slice(0, 10).map(({ path, reason }) => `${path} ${reason}`);
  const more = problems.length > shown.length ? `\n  and ${problems.length - shown.length} more` : '';
  return new PotstillError({
    code: 'DATA_DAMAGED',
    message: `${name}: ${shown.join('\n  ')}${more}`,
    hint: 'mend or remove what is named, or leave it out with `onError: skip`',
  });
}

function warn(progress: ProgressSink, what: string, problems: Scan['problems']): void {
  const [example] = problems;
  progress.emit({
    event: 'warning',
    code: 'DATA_DAMAGED',
    message: `${name}: ${what}${example ? `, the first: ${example.path} ${example.reason}` : ''}`,
  });
}

function checkSizes(images: readonly ScannedImage[], first: ScannedImage): void {
  const [height, width] = first.size;
  const other = images.find((image) => image.size[0] !== height || image.size[1] !== width);
  if (!other) return;
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `${name}: images differ in size: ${first.path} is ${height} x ${width} (height x width), ${other.path} is ${other.size[0]} x ${other.size[1]}`,
    hint: `give the size to resize all of them to, such as \`size: [${height}, ${width}]\``,
  });
}

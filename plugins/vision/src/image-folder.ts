// The data set `vision/image-folder`: one folder a class, images in it.
import {
  aboutOption,
  dataset,
  PotstillError,
  resolveDataPath,
  type IndexedDataset,
  type Services,
} from 'potstill';
import { z } from 'zod';
import { checkDeepImages } from './deep-images.js';
import { imagesInMemory, imagesOnDemand } from './image-dataset.js';
import { listImages, type ImageFolder } from './image-files.js';
import { scanImages, type Problem, type Scan, type ScannedImage } from './image-scan.js';
import { normalisedLike } from './normalise.js';
import { normaliseOptions } from './options.js';

const name = 'vision/image-folder';

/** Where Pillow stops too: 2 * 1024^3 / 4 / 3 pixels. */
const maxPixels = 178_956_970;

export const imageFolder = dataset(name, {
  help: 'Images in one folder a class, read through sharp.',
  options: z.strictObject({
    folder: z.string().describe('relative to the recipe, or data:… below POTSTILL_DATA'),
    classes: z
      .array(z.union([z.string(), z.int().min(0)]))
      .min(1)
      .optional()
      .describe('names of the class folders to use, in the order of class numbers; default: all, sorted'),
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
      .describe('3: RGB; 1: grey, by ITU-R 601 as in Pillow, OpenCV and torchvision'),
    alpha: z
      .union([z.literal('drop'), z.string().regex(/^#[0-9a-f]{6}$/i, 'a colour is written #rrggbb')])
      .default('drop')
      .describe(
        "transparency: 'drop' ignores it, as Pillow's convert('RGB'); a colour such as '#ffffff' is what images are laid on",
      ),
    range: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, 'the range is [low, high]: `low` must be below `high`')
      .optional()
      .describe('values of 16-bit images that become black and white; default: [0, 65535]'),
    maxPixels: z.int().min(1).default(maxPixels).describe('images of more pixels are refused'),
    verify: z
      .enum(['structure', 'full'])
      .default('structure')
      .describe(
        'before the run, every file is read: structure looks at its header and, for JPEG, PNG and WebP, at its end; full decodes it too, which takes as long as reading an epoch',
      ),
    onError: z
      .enum(['fail', 'skip'])
      .default('fail')
      .describe('files that cannot be used: fail at once, or leave them out, counted; skip verifies in full'),
    cache: z
      .enum(['none', 'memory'])
      .default('none')
      .describe('memory: decode once and keep the bytes; none: decode when used'),
    ...normaliseOptions,
    source: z.string().optional().describe('where the data comes from and its licence, for the report'),
  }),
  create: async (options, services, { train }): Promise<IndexedDataset> => {
    const [folder, listed] = await aboutOption('folder', async () => {
      const path = resolveDataPath(options.folder, services.paths);
      return [path, await listImages(path, options.classes?.map(String))] as const;
    });
    const { labels, files } = listed;
    tellLeftOut(listed, folder, services);
    const keep = options.cache === 'memory';
    const decode = keep || options.onError === 'skip' || options.verify === 'full';
    const scan = await scanImages(files, { ...options, keep, decode });
    if (scan.problems.length > 0 && options.onError === 'fail') throw unusable(scan.problems);
    const first = scan.images[0];
    if (!first) {
      throw new PotstillError({
        code: 'DATA_EMPTY',
        message: `${name}: ${folder} has no image that can be read (${files.length} files, ${scan.problems.length} of them unusable)`,
      });
    }
    refuseEmptyClasses(folder, labels, scan);
    if (!options.range) await checkDeepImages(scan.images);
    checkSizes(scan.images, first);
    const shared = {
      ...options,
      ...normalisedLike(train, options, options.channels),
      labels,
      size: first.size,
      skipped: scan.problems.map(({ path, reason }) => ({ path, reason })),
    };
    return keep ? imagesInMemory(scan, shared) : imagesOnDemand(scan, shared);
  },
});

/** Whole folders and special files are warned of; files of systems and tools only stand in the log. */
function tellLeftOut({ leftOut, links }: ImageFolder, folder: string, { logger, progress }: Services): void {
  for (const { path, why } of leftOut) logger.info({ path, why }, `${name}: left out`);
  if (links > 0) logger.info({ folder, links }, `${name}: files that are symbolic links, which are followed`);
  const folders = leftOut.filter((each) => each.folder && each.why === 'rubbish');
  const special = leftOut.filter((each) => each.why === 'special');
  const tell = (what: string, found: ImageFolder['leftOut']) => {
    if (found.length === 0) return;
    const shown = found.slice(0, 10).map(({ path }) => path);
    const more = found.length > shown.length ? ` and ${found.length - shown.length} more` : '';
    progress.emit({
      event: 'warning',
      code: 'DATA_LEFT_OUT',
      message: `${name}: ${what}: ${shown.join(', ')}${more}`,
    });
  };
  tell('folders of tools and systems are not read', folders);
  tell('pipes, sockets and devices are not read', special);
}

function unusable(problems: readonly Problem[]): PotstillError {
  const shown = problems.slice(0, 10).map(({ path, reason }) => `${path} ${reason}`);
  const more = problems.length > shown.length ? `\n  and ${problems.length - shown.length} more` : '';
  const damaged = problems.some(({ kind }) => kind === 'damaged');
  return new PotstillError({
    code: damaged ? 'DATA_DAMAGED' : 'DATA_UNSUPPORTED',
    message: `${name}: ${shown.join('\n  ')}${more}`,
    hint: `${damaged ? 'Fix' : 'Convert'} or remove these files, or leave them out with \`onError: skip\`.`,
  });
}

function refuseEmptyClasses(folder: string, labels: readonly string[], { images, problems }: Scan): void {
  const filled = new Set(images.map(({ label }) => label));
  const empty = labels.filter((_, label) => !filled.has(label));
  if (empty.length === 0) return;
  const list = empty.map((label) => {
    const lost = problems.filter((problem) => labels[problem.label] === label).length;
    return `\`${label}\`${lost > 0 ? ` (${lost} files, none of which can be read)` : ''}`;
  });
  const rest = labels.filter((label) => !empty.includes(label));
  throw new PotstillError({
    code: 'DATA_EMPTY',
    message: `${name}: ${folder} has classes without images: ${list.slice(0, 20).join(', ')}${list.length > 20 ? ` and ${list.length - 20} more` : ''}`,
    hint:
      rest.length <= 20
        ? `Add images, or name the classes to use: \`classes: [${rest.join(', ')}]\`.`
        : 'Add images, remove the folders, or name the classes to use with `classes:`.',
  });
}

function checkSizes(images: readonly ScannedImage[], first: ScannedImage): void {
  const [height, width] = first.size;
  const other = images.find((image) => image.size[0] !== height || image.size[1] !== width);
  if (!other) return;
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `${name}: images differ in size: ${first.path} is ${height} x ${width} (height x width), ${other.path} is ${other.size[0]} x ${other.size[1]}`,
    hint: `Give the size to resize all of them to, such as \`size: [${height}, ${width}]\`.`,
  });
}

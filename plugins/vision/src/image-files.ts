// The image files of a folder: one folder below it a class.
import { classIndex, className, PotstillError } from 'potstill';
import { entriesOf, filesBelow, type Entry, type LeftOut } from './folder-walk.js';

export interface ImageFile {
  readonly path: string;
  readonly label: number;
}

export interface ImageFolder {
  /** Class names (NFC): those given, or the names of the folders, sorted by code unit. */
  readonly labels: readonly string[];
  /** All files but what is left out, class by class, sorted. */
  readonly files: readonly ImageFile[];
  /** Files and folders that are no data. */
  readonly leftOut: readonly LeftOut[];
  /** Number of files that are links, or lie behind one. */
  readonly links: number;
}

/** Names of the parts that data sets are split into, which are seldom classes. */
const splits = new Set(['train', 'training', 'test', 'testing', 'val', 'valid', 'validation', 'dev', 'eval']);

/**
 * Lists a folder. Folders within a class folder belong to the class. Links are followed, out of the folder too.
 * @throws PotstillError DATA_NOT_FOUND where the folder or a named class is not there, DATA_EMPTY where there are no
 * classes, RECIPE_BAD_VALUE where the folders are the parts of a data set.
 */
export async function listImages(folder: string, classes?: readonly string[]): Promise<ImageFolder> {
  const leftOut: LeftOut[] = [];
  const found = (await entriesOf(folder, leftOut)).filter((entry) => entry.folder);
  const names = found.map(({ name }) => className(name));
  if (found.length === 0) {
    throw new PotstillError({
      code: 'DATA_EMPTY',
      message: `vision/image-folder: ${folder} has no folders in it`,
      hint: 'There must be one folder a class, with the images of the class in it.',
    });
  }
  if (classes === undefined) refuseSplits(folder, names);
  const labels = classes?.map(className) ?? names;
  refuseTwice(labels);
  const files: ImageFile[] = [];
  let links = 0;
  for (const [label, name] of labels.entries()) {
    const entry = found[classIndex(names, name)];
    if (entry === undefined) {
      throw new PotstillError({
        code: 'DATA_NOT_FOUND',
        message: `vision/image-folder: ${folder} has no folder for class \`${name}\``,
        allowed: names,
      });
    }
    const below = await filesBelow(folder, entry.path, leftOut);
    links += below.filter((file: Entry) => file.link || entry.link).length;
    for (const { path } of below) files.push({ path, label });
  }
  return { labels, files, leftOut, links };
}

function refuseSplits(folder: string, names: readonly string[]): void {
  if (!names.every((name) => splits.has(name.toLowerCase()))) return;
  const [first = 'train'] = names.filter((name) => /^train/i.test(name)).concat(names);
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `vision/image-folder: the folders in ${folder} are called ${names.join(', ')}: these are parts of a data set, and would become its classes`,
    hint: `Name the folder of one part, such as \`folder: …/${first}\`. If they are classes, write \`classes: [${names.join(', ')}]\`.`,
  });
}

function refuseTwice(labels: readonly string[]): void {
  const twice = labels.find((name, i) => labels.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new PotstillError({
    code: 'RECIPE_BAD_VALUE',
    message: `vision/image-folder: class \`${twice}\` is there twice; Unicode forms of one name count as the same`,
    hint: 'Name each class once, and rename folders whose names look alike.',
  });
}

// Images packed in one file as a folder a class: `NAME.bin` holds JPEG files one after another, `NAME.tsv` where they lie.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the images of a part below `to` and gives the class names, in the order of their numbers. Done once. */
export function unpackImages(from: string, part: 'train' | 'test', to: string): string[] {
  const labels = readFileSync(join(from, 'classes.txt'), 'utf8').trim().split('\n');
  if (existsSync(to)) return labels;
  const draft = `${to}.part`;
  rmSync(draft, { recursive: true, force: true });
  for (const label of labels) mkdirSync(join(draft, label), { recursive: true });
  const bytes = readFileSync(join(from, `${part}.bin`));
  const rows = readFileSync(join(from, `${part}.tsv`), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  rows.forEach((row, i) => {
    const [offset = 0, length = 0, label = 0] = row.split('\t').map(Number);
    const file = join(draft, labels[label] as string, `${String(i).padStart(5, '0')}.jpg`);
    writeFileSync(file, bytes.subarray(offset, offset + length));
  });
  renameSync(draft, to);
  return labels;
}

/** The first `count` training images of each class as a folder a class, and all others in one folder `all`. Done once. */
export function unpackSome(
  from: string,
  count: number,
  to: { readonly labelled: string; readonly unlabelled: string },
): void {
  if (existsSync(to.labelled) && existsSync(to.unlabelled)) return;
  const draft = `${to.labelled}.whole`;
  rmSync(draft, { recursive: true, force: true });
  const labels = unpackImages(from, 'train', draft);
  const drafts = { labelled: `${to.labelled}.part`, unlabelled: `${to.unlabelled}.part` };
  for (const each of Object.values(drafts)) rmSync(each, { recursive: true, force: true });
  mkdirSync(join(drafts.unlabelled, 'all'), { recursive: true });
  for (const label of labels) {
    mkdirSync(join(drafts.labelled, label), { recursive: true });
    const names = readdirSync(join(draft, label)).sort();
    names.forEach((name, i) => {
      const place = i < count ? join(drafts.labelled, label) : join(drafts.unlabelled, 'all');
      renameSync(join(draft, label, name), join(place, name));
    });
  }
  rmSync(draft, { recursive: true });
  for (const part of ['labelled', 'unlabelled'] as const) {
    rmSync(to[part], { recursive: true, force: true });
    renameSync(drafts[part], to[part]);
  }
}

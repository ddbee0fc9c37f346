// Images packed in one file as a folder a class: `NAME.bin` holds JPEG files one after another, `NAME.tsv` where they lie.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

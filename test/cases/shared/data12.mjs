// Makes data12/train and data12/test: twelve classes, folders 0 to 11, of 60 and 20 coloured images of 8 x 8 pixels.
// The teachers of the cases were trained on them, so the pixels are kept, in data12.bin: part, class, image, row, column, channel.
import { readFileSync } from 'node:fs';
import { writePng } from './png.mjs';

const pixels = readFileSync(new URL('data12.bin', import.meta.url));
const size = 8 * 8 * 3;
let at = 0;
for (const [part, count] of [
  ['train', 60],
  ['test', 20],
])
  for (let label = 0; label < 12; label++)
    for (let i = 0; i < count; i++, at += size)
      writePng(
        `data12/${part}/${label}/${String(i).padStart(3, '0')}.png`,
        8,
        8,
        pixels.subarray(at, at + size),
      );

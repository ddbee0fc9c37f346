// Makes classes of coloured noise that a small student tells apart: node coloured.mjs FOLDER COUNT CLASS...
// Images are 8 x 8 PNG files; the same arguments make the same files.
import { seeded, writePng } from './png.mjs';

const [folder, count, ...names] = process.argv.slice(2);

/** A colour of its own for each name. */
function colourOf(name) {
  const draw = seeded([...name].reduce((hash, letter) => (hash * 31 + letter.codePointAt(0)) | 0, 7));
  return [draw(), draw(), draw()].map((each) => 30 + 190 * each);
}

for (const name of names) {
  const draw = seeded(
    [...`${folder}/${name}`].reduce((hash, letter) => (hash * 33 + letter.codePointAt(0)) | 0, 5),
  );
  const colour = colourOf(name);
  for (let i = 0; i < Number(count); i++) {
    const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, at) => colour[at % 3] + 50 * (draw() - 0.5));
    writePng(`${folder}/${name}/${String(i).padStart(3, '0')}.png`, 8, 8, pixels);
  }
}

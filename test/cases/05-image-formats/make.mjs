// One class folder for each format, beside a folder of ordinary images.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';

const formats = ['sos.jpg', 'rgb.bmp', 'rgb.ppm', 'rgba.png', 'float.tif', 'grey16-12bit.png'];
for (const file of formats) {
  const [name] = file.split('.');
  for (const [label, images] of [
    ['a', [file, 'rgb8.png']],
    ['b', ['rgb.jpg', 'rgb8.png']],
  ])
    for (const image of images) {
      mkdirSync(`${name}-${file.split('.')[1]}/${label}`, { recursive: true });
      copyFileSync(`img/${image}`, `${name}-${file.split('.')[1]}/${label}/${image}`);
    }
}
// Written here, because Git is told to leave such files out.
for (const rubbish of ['.DS_Store', '._rgb8.png', 'Thumbs.db'])
  writeFileSync(`sos-jpg/a/${rubbish}`, 'rubbish');

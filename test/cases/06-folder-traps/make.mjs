// What is found in folders of images beside images; git cannot keep an empty folder.
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

for (const trap of ['empty', 'rubbish', 'truncated']) cpSync('train', trap, { recursive: true });
mkdirSync('empty/aardvark');
mkdirSync('rubbish/__MACOSX/ant', { recursive: true });
copyFileSync('train/ant/000.png', 'rubbish/__MACOSX/ant/._000.png');
// The header is whole, so that only decoding sees the cut.
writeFileSync('truncated/ant/cut.jpg', readFileSync('cut.jpg'));
mkdirSync('parent');
for (const part of ['train', 'test']) cpSync(part, `parent/${part}`, { recursive: true });

// An idx file that declares 64 images and unpacks to 2.5 GB: a gzip file may have many members, here one of zeros 600 times.
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const header = Buffer.alloc(16);
[0x803, 64, 28, 28].forEach((word, at) => header.writeUInt32BE(word, 4 * at));
const zeros = gzipSync(Buffer.alloc(1 << 22), { level: 1 });
writeFileSync('images.gz', Buffer.concat([gzipSync(header), ...Array.from({ length: 600 }, () => zeros)]));
const labels = Buffer.alloc(8 + 64, 0);
labels.writeUInt32BE(0x801, 0);
labels.writeUInt32BE(64, 4);
for (let i = 0; i < 64; i++) labels[8 + i] = i % 2;
writeFileSync('labels.idx', labels);

// Writes docs/kernels.md. Run from the root: npx tsx --conditions=potstill-source core/engine/scripts/write-kernels-page.ts
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { kernelsPage } from './kernels-page.js';

const file = fileURLToPath(new URL('../../../docs/kernels.md', import.meta.url));
await writeFile(file, await kernelsPage(file));

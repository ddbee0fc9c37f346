// Loaded with `node --import`: at the end of the process, writes its largest resident memory in bytes to a file.
import { writeFileSync } from 'node:fs';

const file = process.env.POTSTILL_CASE_MEMORY;
if (file) process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS * 1024)));

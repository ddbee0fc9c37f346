// `potstill verify`: whether the files of a run are those that it wrote.
import type { Command } from 'commander';
import { PotstillError } from '../../errors/potstill-error.js';
import { lockHolder } from '../../run/lock.js';
import { verifyFolder } from '../../run/series/verify-series.js';
import type { VerifiedFile } from '../../run/verify.js';
import type { Output } from '../output.js';

const examples = `
Examples:
  potstill verify runs/mnist-1a2b3c4d
  potstill verify runs/mnist-1a2b3c4d --json | jq -r 'select(.state == "damaged") | .file'

Checks every file against the checksum that was recorded when it was written. Exit code 0: all is whole, 2: a file is
missing or damaged. \`potstill run RECIPE --resume\` recreates missing and damaged exports, reports and final weights.`;

const words: Record<VerifiedFile['state'], string> = {
  ok: 'ok',
  unsealed: 'no checksum',
  other: 'not checked',
  missing: 'missing',
  damaged: 'damaged',
};

export function addVerify(root: Command, output: Output): void {
  root
    .command('verify')
    .description('check the files of a run, or of all runs of a series, against their checksums')
    .argument('<run>', 'a run folder, or that of a series: all of its runs')
    .option('--json', 'print one JSON line a file')
    .addHelpText('after', examples)
    .action(async (run: string, options: { readonly json?: boolean }) => {
      const files = await verifyFolder(run);
      const width = Math.max(0, ...files.map(({ file }) => file.length));
      for (const { file, state, detail } of files)
        output.print(
          options.json
            ? JSON.stringify({ event: 'verified', file, state, detail })
            : `${file.padEnd(width)}  ${words[state]}${detail === undefined ? '' : `: ${detail}`}`,
        );
      const holder = await lockHolder(run);
      if (holder && !options.json)
        output.note(`process ${holder.pid} on ${holder.host} is working in this folder now`);
      const [first, ...rest] = files.flatMap(({ error }) => error?.records ?? []);
      if (first) throw new PotstillError([first, ...rest]);
    });
}

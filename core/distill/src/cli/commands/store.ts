// `potstill store`: looks after the answers of teachers that runs keep.
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { PotstillError, type ErrorRecord } from '../../errors/potstill-error.js';
import { teacherStoreFolder } from '../../run/names.js';
import {
  chooseStored,
  exportStored,
  listStored,
  prunable,
  removeForgotten,
  removeStored,
  verifyStored,
  type StoredOutput,
} from '../../store/index.js';
import { bytes as bytesText } from '../../text/quantities.js';
import { age, pathValue } from '../options.js';
import type { Output } from '../output.js';
import { storedJson, storedTable } from '../stored-table.js';

const examples = `
Examples:
  potstill store ls
  potstill store verify
  potstill store prune --older-than 30d --dry-run
  potstill store export 1a2b3c4d5e6f/logits logits.npy

The store lies in .teacher-store of the runs folder. All runs of that folder share it, and \`potstill label RECIPE\` fills it.`;

interface Where {
  readonly runs: string;
  readonly json?: boolean;
}

export function addStore(root: Command, output: Output): void {
  const store = root
    .command('store')
    .description("list, check, prune and export stored teachers' answers")
    .addHelpText('after', examples);
  addLs(store, output);
  addVerify(store, output);
  addPrune(store, output);
  addExport(store, output);
}

const runsOption = () =>
  new Option('--runs <folder>', 'the folder that holds the store').argParser(pathValue).default('runs');
const storedIn = ({ runs }: Where) => listStored(join(runs, teacherStoreFolder));

function addLs(store: Command, output: Output): void {
  store
    .command('ls')
    .description('list what is stored: teacher, data, answers, size, encoding, recipes that use it')
    .addOption(runsOption())
    .option('--json', 'print one JSON line an output')
    .addHelpText(
      'after',
      `
Examples:
  potstill store ls
  potstill store ls --runs /data/runs --json | jq -c 'select(.complete | not) | .id'`,
    )
    .action(async (where: Where) => {
      const all = await storedIn(where);
      if (where.json) for (const stored of all) output.print(JSON.stringify(storedJson(stored)));
      else output.print(all.length === 0 ? 'nothing is stored' : storedTable(all, Date.now()));
    });
}

function addVerify(store: Command, output: Output): void {
  store
    .command('verify')
    .description('check every shard against the checksum in its name')
    .argument('[id]', 'the beginning of an id of `potstill store ls`; default: all')
    .addOption(runsOption())
    .option('--json', 'print one JSON line a shard')
    .addHelpText(
      'after',
      `
Examples:
  potstill store verify
  potstill store verify 1a2b3c4d5e6f --json | jq -r 'select(.fault) | .file'

Exit code 0: all shards are whole, 2: some are damaged. The next run, or \`potstill label\`, makes damaged shards again.`,
    )
    .action(async (id: string | undefined, where: Where) => {
      const all = await storedIn(where);
      const chosen = id === undefined ? all : all.filter((stored) => stored.id.startsWith(id));
      if (id !== undefined && chosen.length === 0) chooseStored(all, id);
      const records: ErrorRecord[] = [];
      for (const stored of chosen) {
        let whole = 0;
        for await (const { file, fault } of verifyStored(stored)) {
          if (where.json)
            output.print(JSON.stringify({ event: 'verified', id: stored.id, file, fault: fault ?? null }));
          if (fault === undefined) whole++;
          else
            records.push({
              code: 'STORE_DAMAGED',
              message: `${file}: ${fault}`,
              hint: 'The next run that reads it makes it again; so does potstill label RECIPE.',
              location: { file },
            });
        }
        if (!where.json) output.print(verifiedText(stored, whole));
      }
      if (chosen.length === 0 && !where.json) output.print('nothing is stored');
      const [first, ...rest] = records;
      if (first) throw new PotstillError([first, ...rest]);
    });
}

function verifiedText({ id, shards, complete }: StoredOutput, whole: number): string {
  const state =
    whole < shards.size ? `${shards.size - whole} of ${shards.size} shards damaged` : `${whole} shards whole`;
  return `${id}: ${state}${complete ? '' : ', not complete'}`;
}

interface PruneOptions extends Where {
  readonly olderThan?: number;
  readonly recipe?: string;
  readonly incomplete?: boolean;
  readonly dryRun?: boolean;
}

function addPrune(store: Command, output: Output): void {
  store
    .command('prune')
    .description('remove stored answers by age, recipe or state')
    .addOption(runsOption())
    .option('--older-than <age>', 'not used for so long: 30d, 12h, 45m', age)
    .option('--recipe <name>', 'used by the recipe of this name and by no other')
    .option('--incomplete', 'not all answers are there, and no process is labelling')
    .option('--dry-run', 'say what would go, and remove nothing')
    .option('--json', 'print one JSON line an output')
    .addHelpText(
      'after',
      `
Examples:
  potstill store prune --older-than 30d --dry-run
  potstill store prune --recipe mnist-hinton
  potstill store prune --incomplete --older-than 1d

With several of --older-than, --recipe and --incomplete, what fulfils all of them goes.`,
    )
    .action(async (options: PruneOptions) => {
      const { olderThan, recipe, incomplete, dryRun = false, json } = options;
      if (olderThan === undefined && recipe === undefined && !incomplete)
        throw new PotstillError({
          code: 'USAGE',
          message: 'nothing says what to prune',
          hint: 'Give --older-than, --recipe or --incomplete.',
        });
      const now = Date.now();
      const all = await storedIn(options);
      const rules = {
        ...(olderThan === undefined ? {} : { unusedSince: now - olderThan }),
        ...(recipe === undefined ? {} : { recipe }),
        ...(incomplete ? { incomplete } : {}),
      };
      const chosen = await prunable(all, rules, now);
      for (const stored of chosen) {
        if (!dryRun) await removeStored(stored);
        const { id, bytes } = stored;
        if (json) output.print(JSON.stringify({ event: 'pruned', id, bytes, dryRun }));
        else output.print(`${dryRun ? 'would remove' : 'removed'} ${id}, ${bytesText(bytes)}`);
      }
      if (!dryRun) for (const stored of all) await removeForgotten(stored, now);
      if (chosen.length === 0 && !json) output.print('nothing to prune');
    });
}

function addExport(store: Command, output: Output): void {
  store
    .command('export')
    .description('write stored answers to one file that NumPy or safetensors reads')
    .argument('<id>', 'the beginning of an id of `potstill store ls`')
    .argument('<file>', 'a .npy or .safetensors file', pathValue)
    .addOption(runsOption())
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  potstill store export 1a2b3c4d5e6f/logits logits.npy         np.load('logits.npy', mmap_mode='r')
  potstill store export 1a2b3c4d5e6f/logits logits.safetensors

Row i is the answer about example i, as training reads it: top-k answers become dense. The shards themselves are Arrow IPC files.`,
    )
    .action(async (id: string, file: string, where: Where) => {
      const stored = chooseStored(await storedIn(where), id);
      const shape = await exportStored(stored, file);
      output.print(
        where.json
          ? JSON.stringify({ event: 'exported', id: stored.id, file, shape })
          : `${file}: ${stored.manifest?.dtype ?? ''} [${shape.join(', ')}] of ${stored.id}`,
      );
    });
}

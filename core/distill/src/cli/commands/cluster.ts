// `potstill cluster`: which classes a model confuses, and what specialists for them are trained on.
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { stringify } from 'yaml';
import { openRecipe } from '../../container/open-recipe.js';
import { writeAtomically } from '../../files/write-atomically.js';
import { builtInPlugin } from '../../run/built-in.js';
import { clusterRecipe, type ClassClusters, type ClusterOptions } from '../../run/cluster-recipe.js';
import { warningText } from '../event-text.js';
import { collect, pathValue, setHelp } from '../options.js';
import type { Output } from '../output.js';

interface CommandOptions {
  readonly count: number;
  readonly smallest: number;
  readonly largest?: number;
  readonly set?: readonly string[];
  readonly runs: string;
  readonly folder?: string;
  readonly model?: string;
  readonly teacher?: boolean;
  readonly data?: NonNullable<ClusterOptions['role']>;
  readonly out?: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  potstill cluster recipe.yaml --count 4                  by the student of the latest complete run, on validation data
  potstill cluster recipe.yaml --count 4 --teacher        by the recipe's teacher
  potstill cluster recipe.yaml --count 4 --largest 3 --out clusters.json`;

export function addCluster(root: Command, output: Output): void {
  root
    .command('cluster')
    .description('group the classes that a model confuses: what specialists are for')
    .argument('<recipe>', 'the recipe with the data', pathValue)
    .addOption(
      new Option('--count <number>', 'clusters that are looked for').argParser(whole).makeOptionMandatory(),
    )
    .addOption(new Option('--smallest <number>', 'smaller clusters are given up').argParser(whole).default(2))
    .addOption(
      new Option(
        '--largest <number>',
        'most classes of a cluster; default: half as many again as an even share',
      ).argParser(whole),
    )
    .option('--model <file>', 'an ONNX file, as for `evaluate`', pathValue)
    .addOption(new Option('--teacher', "the recipe's teacher").conflicts(['model', 'folder']))
    .option('--set <path=value>', setHelp, collect)
    .option('--runs <folder>', 'the folder that holds run folders', pathValue, 'runs')
    .option('--folder <folder>', 'the run folder', pathValue)
    .addOption(
      new Option('--data <role>', 'which data; default: validation where there is some').choices([
        'train',
        'validation',
        'test',
      ]),
    )
    .option('--out <file>', 'write clusters and covariance as JSON', pathValue)
    .option('--json', 'print as JSON')
    .addHelpText('after', examples)
    .action(async (recipe: string, options: CommandOptions) => {
      const { count, smallest, largest, model, teacher, folder, data, out } = options;
      const opened = await openRecipe(recipe, { set: options.set ?? [], builtIn: [builtInPlugin] });
      const found = await clusterRecipe(opened, {
        count,
        smallest,
        runsFolder: options.runs,
        progress: { emit: (event) => event.event === 'warning' && output.note(warningText(event)) },
        ...(largest === undefined ? {} : { largest }),
        ...(data === undefined ? {} : { role: data }),
        ...(teacher === undefined ? {} : { teacher }),
        ...(model === undefined ? {} : { model }),
        ...(folder === undefined ? {} : { runFolder: folder }),
      });
      if (out !== undefined) await writeAtomically(resolve(out), `${JSON.stringify(found, null, 2)}\n`);
      output.print(options.json ? JSON.stringify({ event: 'clustered', ...found }) : page(found));
    });
}

function whole(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('Write a whole number of at least 1.');
  return Number(value);
}

function page({ model, role, examples: count, clusters, without }: ClassClusters): string {
  return [
    `${model} on ${count.toLocaleString('en')} ${role} examples`,
    '',
    ...clusters.map((classes, at) => `cluster ${at + 1}: ${classes.join(', ')}`),
    ...(without.length > 0 ? [`in none: ${without.join(', ')}`] : []),
    '',
    'A specialist for one of them is trained on these data:',
    ...(clusters[0] ? dataLines(clusters[0]).map((line) => `  ${line}`) : []),
  ].join('\n');
}

/** What a specialist's recipe says of its data (Hinton, Vinyals & Dean 2015, section 5.2). */
function dataLines(classes: readonly string[]): string[] {
  const flow = (value: unknown) => stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
  return [
    'data:',
    `  classes: ${flow({ ...Object.fromEntries(classes.map((name) => [name, name])), '*': 'rest' })}`,
    '  sampler: { classes: { rest: 0.5 } }',
    'adjust: [sampling-correction]',
  ];
}

// The data sets of tables: `csv`, `jsonl`, `parquet`, `arrow`.
import { access } from 'node:fs/promises';
import { z } from 'zod';
import type { AnyComponent, ComponentServices, Contexts, IndexedDataset } from '../../contracts/index.js';
import { aboutOption } from '../../errors/option.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { dataset } from '../../plugin/define.js';
import { className } from '../classes.js';
import { resolveDataPath } from '../paths.js';
import { openArrow } from './arrow.js';
import { openCsv } from './csv.js';
import { openJsonl } from './jsonl.js';
import { openParquet } from './parquet.js';
import { readTable, type WantedColumn } from './read-table.js';
import type { TableSource } from './source.js';
import { featuresField, tableDataset, targetField, type TableRoles } from './table-dataset.js';

const name = z.string().min(1);

const shared = {
  file: z
    .union([name, z.array(name).min(1)])
    .describe('The file, or several that are read one after another. Relative to the recipe, or `data:…`.'),
  features: z
    .array(
      z.union([name, z.strictObject({ column: name, as: z.enum(['number', 'category']).default('number') })]),
    )
    .min(1)
    .optional()
    .describe(
      'Columns that become the input `features`, in this order: numbers, or categories, each of which becomes one input.',
    ),
  text: z
    .array(name)
    .min(1)
    .optional()
    .describe('Columns that become inputs of their own name: the bytes of their text in UTF-8.'),
  target: z
    .union([
      name,
      z.strictObject({
        column: name,
        as: z.enum(['class', 'number']).default('class'),
        missing: z.enum(['error', 'skip', 'unlabelled']).default('error'),
      }),
    ])
    .optional()
    .describe(
      'The column with the truth: a class name, or a number. Rows where it is missing: see `missing`.',
    ),
  classes: z
    .array(name)
    .min(1)
    .optional()
    .describe('Class names in their order. Default: those of the column, sorted.'),
  groups: z
    .array(name)
    .min(1)
    .optional()
    .describe(
      'Columns that say which rows belong together, such as a language or a speaker: for splits and samplers.',
    ),
  missing: z
    .enum(['error', 'mean', 'indicator'])
    .default('error')
    .describe(
      'What a missing feature means: an error; the mean, or the most frequent category, of the training data; or that with one more input that is 1 there.',
    ),
  na: z
    .array(z.string())
    .default([''])
    .describe("Texts that stand for a missing value, such as ['', 'NA', '?']."),
  standardise: z
    .boolean()
    .default(true)
    .describe('Numbers to mean 0 and standard deviation 1 over the training data.'),
  unknown: z
    .enum(['error', 'zeros'])
    .default('error')
    .describe('What a category means that the training data does not have.'),
};

const csvOptions = z.strictObject({
  ...shared,
  delimiter: z.string().min(1).optional().describe('Between fields. Default: a comma, in .tsv files a tab.'),
  header: z
    .union([z.boolean(), z.array(name).min(1)])
    .default(true)
    .describe('Whether the first row names the columns; without, they are 1, 2, …; or the names themselves.'),
});
const plainOptions = z.strictObject(shared);

type TableInput = z.output<typeof plainOptions>;

function rolesOf(options: TableInput): TableRoles {
  const { target } = options;
  return {
    features: (options.features ?? []).map((each) =>
      typeof each === 'string' ? { column: each, as: 'number' as const } : each,
    ),
    text: options.text ?? [],
    target:
      typeof target === 'string'
        ? { column: target, as: 'class' as const, missing: 'error' as const }
        : target,
    groups: options.groups ?? [],
    classes: options.classes?.map(className),
    standardise: options.standardise,
    missing: options.missing,
    unknown: options.unknown,
  };
}

function wantedColumns({ features, text, target, groups, missing }: TableRoles): WantedColumn[] {
  const keep = missing === 'error' ? ('error' as const) : ('keep' as const);
  return [
    ...(target
      ? [
          {
            column: target.column,
            as: target.as === 'class' ? ('name' as const) : ('number' as const),
            missing: target.missing === 'unlabelled' ? ('keep' as const) : target.missing,
            option: 'target',
          },
        ]
      : []),
    ...features.map(({ column, as }) => ({
      column,
      as: as === 'number' ? ('number' as const) : ('name' as const),
      missing: keep,
      option: 'features',
    })),
    ...text.map((column) => ({ column, as: 'text' as const, missing: 'keep' as const, option: 'text' })),
    ...groups.map((column) => ({ column, as: 'name' as const, missing: 'error' as const, option: 'groups' })),
  ];
}

function checkRoles({ features, text, groups, target }: TableRoles): void {
  if (features.length === 0 && text.length === 0)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: 'a table needs `features` or `text`: columns that become inputs',
      hint: 'Name the columns that a student is to see.',
    });
  const used = [...text, ...groups];
  const taken = used.find(
    (column, i) => column === featuresField || column === targetField || used.indexOf(column) !== i,
  );
  if (taken !== undefined)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `the column \`${taken}\` would become a field of a name that is taken`,
      hint: `\`${featuresField}\` and \`${targetField}\` are fields of the data set, and a column is text or a group once. Rename the column in the file.`,
    });
  const leak = features.find(({ column }) => column === target?.column);
  if (leak)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `the target \`${leak.column}\` is among the features`,
      hint: 'A student that sees the answer learns nothing else: remove it from `features`.',
      path: '.features',
    });
}

async function openTable<O extends TableInput>(
  kind: string,
  options: O,
  { paths }: Pick<ComponentServices, 'paths'>,
  { train }: Contexts['dataset'],
  open: (file: string) => Promise<TableSource>,
): Promise<IndexedDataset> {
  const roles = rolesOf(options);
  checkRoles(roles);
  const written = typeof options.file === 'string' ? [options.file] : options.file;
  const table = await aboutOption('file', async () => {
    const sources: TableSource[] = [];
    for (const each of written) {
      const file = resolveDataPath(each, paths);
      await mustExist(file);
      sources.push(await open(file));
    }
    return readTable(sources, wantedColumns(roles), { na: options.na });
  });
  if (table.rows === 0)
    throw new PotstillError({
      code: 'DATA_EMPTY',
      message: `${kind}: ${written.join(', ')} has no rows`,
      path: '.file',
    });
  return tableDataset(table, roles, { name: kind, source: written.join(', '), train });
}

async function mustExist(file: string): Promise<void> {
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (there) return;
  throw new PotstillError({
    code: 'DATA_NOT_FOUND',
    message: `${file} does not exist`,
    hint: 'Relative paths start at the folder of the recipe.',
  });
}

export const tableComponents: readonly AnyComponent[] = [
  dataset('csv', {
    help: 'A table in a CSV or TSV file, with a header or without.',
    options: csvOptions,
    create: (options, services, context) =>
      openTable('csv', options, services, context, (file) =>
        openCsv(file, {
          delimiter: options.delimiter ?? (file.toLowerCase().endsWith('.tsv') ? '\t' : ','),
          header: options.header,
        }),
      ),
  }),
  dataset('jsonl', {
    help: 'A table in JSON lines: a map of columns on each line.',
    options: plainOptions,
    create: (options, services, context) => openTable('jsonl', options, services, context, openJsonl),
  }),
  dataset('parquet', {
    help: 'A table in a Parquet file.',
    options: plainOptions,
    create: (options, services, context) => openTable('parquet', options, services, context, openParquet),
  }),
  dataset('arrow', {
    help: 'A table in an Arrow IPC file (Feather 2) or stream.',
    options: plainOptions,
    create: (options, services, context) => openTable('arrow', options, services, context, openArrow),
  }),
];

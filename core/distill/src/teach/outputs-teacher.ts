// The teacher `outputs`: answers that were computed elsewhere, read from files and joined by key.
import { z } from 'zod';
import type { HostTensor, HostTensors } from '@potstill/engine';
import type { Batch, DataDescription, Teacher } from '../contracts/index.js';
import { elementCount, fingerprint, resolveDataPath, stack } from '../data/index.js';
import { aboutOption } from '../errors/option.js';
import { teacher } from '../plugin/define.js';
import { answerOf, type Answer } from './answers.js';
import { rowOf, type Column } from './answer-files/column.js';
import { openAnswerFile, type AnswerFile } from './answer-files/read.js';
import { rowsByIndex, rowsByKey, type RowOf } from './answer-rows.js';
import { teacherInvalid } from './invalid.js';
import { outputsOption, requestsOf, type OutputRequests } from './outputs.js';

const parts = ['train', 'validation', 'test'] as const;

export const outputsTeacher = teacher('outputs', {
  outputs: { NAME: 'those that `outputs` names' },
  help: 'answers computed elsewhere, such as in Python: Arrow, Parquet, .npy, .npz or safetensors files',
  options: z.strictObject({
    files: z
      .union([
        z.string(),
        z
          .partialRecord(z.enum(parts), z.string())
          .refine((files) => Object.keys(files).length > 0, 'name a file'),
      ])
      .describe(
        'one file with the answers about all data, or one for each part: `{ train: a.npy, test: b.npy }`; relative to the recipe, or `data:…` below POTSTILL_DATA',
      ),
    key: z
      .string()
      .optional()
      .describe(
        'a field of the data, one whole number an example, that says which row is whose: the file has it under the same name; default: row k is about example k of its part',
      ),
    keyColumn: z.string().optional().describe('name of the key in the file; default: that of `key`'),
    outputs: outputsOption.describe(
      'name -> a column or array of the file, as a name or as `{ from: name, as: probabilities }`; default: `logits`, where there is one array beside the key',
    ),
    labels: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("class names in the order of the scores; default: the data's order"),
    parameters: z
      .int()
      .positive()
      .optional()
      .describe('weights of the model that computed them, for the report'),
    source: z.string().optional().describe('where the answers come from, for the report'),
    licence: z.string().optional().describe('their licence, for the report'),
  }),
  async check({ files }, { paths }) {
    for (const file of typeof files === 'string' ? [files] : Object.values(files))
      await aboutOption('files', () => openAnswerFile(resolveDataPath(file, paths)));
  },
  async create(options, { paths }, { data }) {
    const { files, key, keyColumn, labels, parameters, source, licence } = options;
    if (key !== undefined) await aboutOption('key', () => checkKey(data, key));
    const written: Readonly<Record<string, string>> =
      typeof files === 'string' ? { [key === undefined ? 'train' : everyPart]: files } : files;
    const opened = new Map<string, OpenFile>();
    for (const [part, file] of Object.entries(written))
      opened.set(
        part,
        await aboutOption('files', async () =>
          openFile(await openAnswerFile(resolveDataPath(file, paths)), {
            outputs: options.outputs && requestsOf(options.outputs),
            key: key === undefined ? undefined : { field: key, name: keyColumn ?? key },
          }),
        ),
      );
    const [first] = opened.values() as Iterable<OpenFile>;
    if (!first) throw new Error('internal: a teacher without a file');
    await aboutOption('files', () => checkAlike([...opened.values()]));
    return {
      outputs: Object.fromEntries(Object.entries(first.answers).map(([name, { spec }]) => [name, spec])),
      fingerprint: fingerprint(
        'outputs-teacher',
        [...opened].map(([part, { file }]) => [part, file.sha256]),
        Object.entries(first.requests).map(([name, { from, as = null }]) => [name, from, as]),
        [key ?? null, keyColumn ?? null],
      ),
      sources: first.requests,
      ...(labels === undefined ? {} : { labels }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(source === undefined ? {} : { source }),
      ...(licence === undefined ? {} : { licence }),
      live: false,
      ...(opened.has(everyPart) ? {} : { parts: [...opened.keys()] }),
      async label(batch) {
        const { part = 'train' } = batch;
        const found = opened.get(everyPart) ?? opened.get(part);
        if (found) return answersFor(found, batch);
        throw teacherInvalid(
          `the teacher has no answers about the data's part \`${part}\`, only about ${[...opened.keys()].join(', ')}`,
          `give a file for it: \`files: { ${[...opened.keys(), part].map((each) => `${each}: …`).join(', ')} }\`, or join by a \`key\` that all parts have`,
        );
      },
      dispose: async () => undefined,
    } satisfies Teacher;
  },
});

/** Where the key of an example says it all. */
const everyPart = '*';

interface Key {
  /** Of the data. */
  readonly field: string;
  /** In the file. */
  readonly name: string;
}

interface OpenFile {
  readonly file: AnswerFile;
  readonly requests: OutputRequests;
  readonly answers: Readonly<Record<string, Answer>>;
  readonly columns: Readonly<Record<string, Column>>;
  readonly row: RowOf;
}

function checkKey({ spec }: DataDescription, key: string): void {
  const field = spec[key];
  if (field?.dtype === 'int32' && elementCount(field.shape.map((length) => length ?? 0)) === 1) return;
  throw teacherInvalid(
    field
      ? `the data's \`${key}\` is ${field.dtype} [${field.shape.join(', ')}], not one whole number an example`
      : `the data have no field \`${key}\`; they have ${Object.keys(spec).join(', ')}`,
    'answers are joined by a field with one whole number an example; leave `key` out to join by position',
  );
}

async function openFile(
  file: AnswerFile,
  { outputs, key }: { readonly outputs: OutputRequests | undefined; readonly key: Key | undefined },
): Promise<OpenFile> {
  const requests = outputs ?? { logits: { from: onlyOther(file, key?.name) } };
  const answers: Record<string, Answer> = {};
  const columns: Record<string, Column> = {};
  for (const [name, request] of Object.entries(requests)) {
    const column = await file.column(request.from);
    columns[name] = column;
    answers[name] = answerOf(file.path, name, request, column, false, column.shape[0] === null);
  }
  const row =
    key === undefined
      ? rowsByIndex(file.path, Object.values(columns))
      : rowsByKey(file.path, key, await file.column(key.name), Object.values(columns));
  return { file, requests, answers, columns, row };
}

function onlyOther({ path, names }: AnswerFile, key: string | undefined): string {
  const [name, ...others] = names.filter((each) => each !== key);
  if (name !== undefined && (others.length === 0 || names.includes('logits')))
    return names.includes('logits') ? 'logits' : name;
  throw teacherInvalid(
    `${path} has ${names.join(', ') || 'nothing'}`,
    'say which are the answers: `outputs: { logits: NAME }`',
  );
}

/** Files of several parts must answer alike. */
function checkAlike(files: readonly OpenFile[]): void {
  const form = ({ answers }: OpenFile) =>
    Object.entries(answers)
      .map(([name, { spec }]) => `\`${name}\` ${spec.dtype} [${spec.shape.map((n) => n ?? '?').join(', ')}]`)
      .join(', ');
  const [first, ...others] = files;
  for (const other of others)
    if (first && form(other) !== form(first))
      throw teacherInvalid(
        `${first.file.path} answers with ${form(first)}, ${other.file.path} with ${form(other)}`,
        'the files of all parts must have the same outputs',
      );
}

function answersFor({ row, columns, answers }: OpenFile, batch: Batch): HostTensors {
  const rows = row(batch);
  return Object.fromEntries(
    Object.entries(columns).flatMap(([name, column]): [string, HostTensor][] => {
      const answer = answers[name];
      if (!answer) throw new Error(`internal: no answer ${name}`);
      const examples = rows.map((each) => ({ [name]: rowOf(column, each) }));
      const spec = { [name]: { dtype: column.dtype, shape: column.shape } };
      const { tensors } = stack(examples, spec, batch.indices, { name: 'answers' });
      return Object.entries(tensors).map(([key, tensor]) => [
        key,
        key === name ? answer.convert(tensor) : tensor,
      ]);
    }),
  );
}

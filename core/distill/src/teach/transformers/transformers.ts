// The teacher `transformers`: a text model of the Hugging Face kind, its tokenizer included.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOnnxModel } from '@potstill/engine';
import { z } from 'zod';
import type { Batch, DataDescription, HostTensors, Teacher, TensorSpecs } from '../../contracts/index.js';
import { fingerprint, shapeText, stack } from '../../data/index.js';
import { aboutOption } from '../../errors/option.js';
import { teacher } from '../../plugin/define.js';
import { fieldOf, lengthsOf, type InputsOption } from '../feed.js';
import { teacherInvalid, teacherOutput } from '../invalid.js';
import { readModelFile, type ModelFile } from '../model-file.js';
import { openOnnxTeacher } from '../onnx-teacher.js';
import { requestsOf, type OutputRequest } from '../outputs.js';
import { modelFolder, onnxFile, suffixes, type FileType } from './folder.js';
import { pool, poolings, type Pooling } from './pooling.js';
import { readTokenizer, type TextTokens } from './tokens.js';

const name = z.string().min(1);
const request = z.strictObject({
  from: name.describe('an output of the model, or what any of its nodes gives: hidden states, attentions'),
  pool: z
    .enum(poolings)
    .optional()
    .describe('one vector a text: mean or max over its tokens, the first token or the last'),
  normalize: z.boolean().default(false).describe('divides the pooled vector by its length'),
  as: z.enum(['logits', 'probabilities', 'log-probabilities', 'sigmoid']).optional(),
});
type Request = OutputRequest & { readonly pool?: Pooling | undefined; readonly normalize?: boolean };

export const transformers = teacher('transformers', {
  outputs: {
    logits: 'without `outputs`, those of a model that has them',
    embedding: 'without `outputs`, else: the mean of the last hidden states, [size]',
    NAME: 'each name that `outputs` gives',
  },
  help: 'a text model of Hugging Face with its tokenizer, from a folder or the hub’s cache, in ONNX Runtime',
  options: z.strictObject({
    model: z
      .string()
      .describe(
        'the folder, relative to the recipe or `data:…` below POTSTILL_DATA; or `owner/name` in the hub’s cache',
      ),
    dtype: z
      .enum(Object.keys(suffixes) as [FileType, ...FileType[]])
      .optional()
      .describe('which ONNX file; default: fp32, or the only one'),
    text: z
      .union([name, z.tuple([name, name])])
      .optional()
      .describe(
        'the field with the text (UTF-8), or two for a model of pairs; default: the data’s first input',
      ),
    maxLength: z
      .int()
      .positive()
      .optional()
      .describe(
        "tokens at most, special ones included; longer texts are cut; default: the tokenizer's own limit",
      ),
    outputs: z
      .record(name, z.union([name, request]))
      .refine((outputs) => Object.keys(outputs).length > 0, 'name at least one output')
      .optional()
      .describe(
        'name -> an output of the model or what any of its nodes gives, or `{ from: last_hidden_state, pool: mean, normalize: true }`',
      ),
    labels: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("class names in the order of the scores; default: the model's `id2label`"),
    source: z.string().optional().describe('where the model comes from, for the report'),
    licence: z.string().optional().describe('its licence, for the report'),
  }),
  async check({ model, dtype }, { paths }) {
    await aboutOption('model', async () =>
      readModelFile(await onnxFile(await modelFolder(model, paths), dtype)),
    );
  },
  async create(options, { engine, paths }, { data }) {
    const { model, dtype, text = data.inputs[0] ?? '', maxLength, source, licence } = options;
    const folder = await aboutOption('model', () => modelFolder(model, paths));
    const file = await aboutOption('model', async () => readModelFile(await onnxFile(folder, dtype)));
    const tokenizer = await aboutOption('model', () => readTokenizer(folder));
    const fields = typeof text === 'string' ? [text] : text;
    await aboutOption('text', () => checkTexts(data, fields));
    const limit = maxLength ?? tokenizer.longest;
    const requests: Readonly<Record<string, Request>> = options.outputs
      ? requestsOf(options.outputs)
      : defaultRequests(file);
    const labels = options.labels ?? (await labelsOf(folder, requests));
    const tokens: DataDescription = { ...tokenData, ...(data.labels ? { labels: data.labels } : {}) };
    const inner = await openOnnxTeacher({
      file,
      data: tokens,
      inputs: inputsOf(file, fields.length > 1),
      outputs: Object.fromEntries(
        Object.entries(requests).map(([key, { from, as }]) => [key, { from, ...(as ? { as } : {}) }]),
      ),
      labels,
      source,
      licence,
      threads: engine.threads,
    });
    const pooled = Object.entries(requests).filter(([, each]) => each.pool !== undefined);
    try {
      const outputs = await aboutOption('outputs', () => outputsOf(inner, requests));
      return {
        ...inner,
        outputs,
        fingerprint: fingerprint(
          'transformers-teacher',
          inner.fingerprint,
          tokenizer.sha256,
          fields,
          limit ?? null,
          pooled.map(([key, { pool: how = '', normalize = false }]) => [key, how, String(normalize)]),
        ),
        async label(batch) {
          const ids = tokenBatch(batch, fields, tokenizer, limit);
          const answers = await inner.label(ids);
          return withPooled(answers, ids.tensors['ids.length']?.data ?? [], requests);
        },
      } satisfies Teacher;
    } catch (error) {
      await inner.dispose();
      throw error;
    }
  },
});

/** What the model is given, as data. */
const tokenData = {
  spec: { ids: { dtype: 'int32', shape: [null] }, types: { dtype: 'int32', shape: [null] } },
  inputs: ['ids'],
  fingerprint: 'tokens',
} as const satisfies DataDescription;

function checkTexts({ spec }: DataDescription, fields: readonly string[]): void {
  for (const field of fields) {
    const found = spec[field];
    if (found?.dtype === 'int32' && found.shape.length === 1) continue;
    throw teacherInvalid(
      found
        ? `the data's \`${field}\` is ${found.dtype} ${shapeText(found.shape)}, not a text: int32 [?], the bytes of its UTF-8`
        : `the data have no field \`${field}\`; they have ${Object.keys(spec).join(', ')}`,
      'name the field with the text in `text`',
    );
  }
}

function defaultRequests({ outputs }: ModelFile): Readonly<Record<string, Request>> {
  if (outputs.includes('logits')) return { logits: { from: 'logits' } };
  for (const from of ['last_hidden_state', 'token_embeddings'])
    if (outputs.includes(from)) return { embedding: { from, pool: 'mean' } };
  for (const from of ['sentence_embedding', 'pooler_output'])
    if (outputs.includes(from)) return { embedding: { from } };
  throw teacherOutput(
    `the outputs of ${outputs.join(', ')} say nothing of what they are`,
    'name them in `outputs`',
  );
}

const config = z.looseObject({
  architectures: z.array(z.string()).optional(),
  id2label: z.record(z.string(), z.string()).optional(),
});

/** `id2label`, where the model is one that classifies. */
async function labelsOf(
  folder: string,
  requests: Readonly<Record<string, Request>>,
): Promise<string[] | undefined> {
  if (!requests.logits) return undefined;
  const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}');
  const { data } = config.safeParse(JSON.parse(text));
  const classifies = data?.architectures?.some((each) => /For(Sequence|Token)Classification$/.test(each));
  if (!classifies || !data?.id2label) return undefined;
  const labels = Object.entries(data.id2label).sort(([a], [b]) => Number(a) - Number(b));
  return labels.map(([, label]) => label);
}

/** What each input is given; an input of another name is told by the ONNX teacher. */
function inputsOf({ bytes }: ModelFile, pairs: boolean): InputsOption {
  const { graph } = readOnnxModel(bytes);
  const weights = new Set((graph?.initializer ?? []).map((each) => each.name));
  const known: InputsOption = {
    input_ids: 'ids',
    attention_mask: { mask: 'ids' },
    token_type_ids: pairs ? 'types' : { value: 0, like: 'ids' },
  };
  const names = (graph?.input ?? []).flatMap((each) =>
    each.name && !weights.has(each.name) ? [each.name] : [],
  );
  return Object.fromEntries(Object.entries(known).filter(([key]) => names.includes(key)));
}

function outputsOf({ outputs }: Teacher, requests: Readonly<Record<string, Request>>): TensorSpecs {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, spec]) => {
      const how = requests[key]?.pool;
      if (how === undefined) return [key, spec];
      const [tokens, size, ...more] = spec.shape;
      if (spec.dtype === 'float32' && tokens === null && typeof size === 'number' && more.length === 0)
        return [key, { dtype: 'float32', shape: [size] }];
      throw teacherOutput(
        `\`${requests[key]?.from ?? key}\` is ${spec.dtype} ${shapeText(spec.shape)} a text, and only vectors of tokens, [?, size], can be pooled`,
        'leave out `pool`',
      );
    }),
  );
}

function withPooled(
  answers: HostTensors,
  lengths: ArrayLike<number>,
  requests: Readonly<Record<string, Request>>,
): HostTensors {
  return Object.fromEntries(
    Object.entries(answers).flatMap(([key, tensor]) => {
      const { pool: how, normalize = false } = requests[key] ?? {};
      if (how !== undefined) return [[key, pool(tensor, lengths, how, normalize)]];
      const of = key.endsWith('.length') ? requests[key.slice(0, -'.length'.length)] : undefined;
      return of?.pool === undefined ? [[key, tensor]] : [];
    }),
  );
}

const decoder = new TextDecoder();

/** The texts of a batch as padded token ids. */
function tokenBatch(
  batch: Batch,
  fields: readonly string[],
  tokenizer: TextTokens,
  limit: number | undefined,
): Batch {
  const texts = fields.map((field) => {
    const { data, shape } = fieldOf('of texts', batch, field);
    const width = shape[1] ?? 0;
    const lengths = lengthsOf('of texts', batch, field);
    return Array.from(lengths, (length, row) =>
      decoder.decode(Uint8Array.from(data.subarray(row * width, row * width + length))),
    );
  });
  const examples = batch.indices.map((_, row) => {
    const { ids, types } = tokenizer.encode(
      texts.map((each) => each[row] ?? ''),
      limit,
    );
    return {
      ids: { dtype: 'int32', shape: [ids.length], data: Int32Array.from(ids) },
      types: { dtype: 'int32', shape: [types.length], data: Int32Array.from(types) },
    } as const;
  });
  return stack(examples, tokenData.spec, batch.indices, { name: 'tokens' });
}

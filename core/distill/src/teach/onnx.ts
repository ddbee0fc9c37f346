// The teacher `onnx`: any ONNX model, its weights in the file or beside it.
import { z } from 'zod';
import type { DataDescription, Services, Teacher } from '../contracts/index.js';
import { resolveDataPath } from '../data/index.js';
import { aboutOption } from '../errors/option.js';
import { teacher } from '../plugin/define.js';
import { readModelFile, type ModelFile } from './model-file.js';
import { openOnnxTeacher } from './onnx-teacher.js';
import { checkNames, outputsOption, requestsOf } from './outputs.js';

const perChannel = z.union([z.number(), z.array(z.number()).min(1)]);
const divisors = z.union([z.number().positive(), z.array(z.number().positive()).min(1)]);

const field = z.string().min(1);

/** How an input's numbers and axes are. */
const how = {
  layout: z
    .enum(['NHWC', 'NCHW', 'flat'])
    .optional()
    .describe(
      "order of the axes that the model expects; default: the order in which the model's shape matches the channels, else the data's",
    ),
  channels: z
    .enum(['RGB', 'BGR'])
    .optional()
    .describe(
      "order of the colours that the model expects; mean and std are in the same; default: the data's, RGB",
    ),
  scale: z.number().positive().optional().describe("factor applied to raw values first; default: the data's"),
  mean: perChannel
    .optional()
    .describe('subtracted after scaling: one number, or one per channel; default: 0'),
  std: divisors.optional().describe('divisor applied last: one number, or one per channel; default: 1'),
};

const inputRequest = z
  .union([
    field,
    z.strictObject({ field: field.describe('the values of a field of the data'), ...how }),
    z.strictObject({ mask: field.describe("1 for each element of that field's first axis, 0 for padding") }),
    z.strictObject({ length: field.describe('the number of elements of that field without padding') }),
    z.strictObject({
      value: z.union([z.number(), z.array(z.number()).min(1)]).describe('the same for all examples'),
      like: field.optional().describe('the field in whose shape the value stands everywhere'),
    }),
  ])
  .meta({ title: 'the name of a field, or a map with `field`, `mask`, `length` or `value`' });

const recurrentOption = z
  .strictObject({
    chunk: z
      .int()
      .positive()
      .describe('elements of the first axis that the model takes at a time, such as 512 samples'),
    context: z
      .int()
      .min(0)
      .default(0)
      .describe('elements before the chunk that the model is given with it; zeros at the start'),
    state: z
      .record(z.string().min(1), z.string().min(1))
      .describe('model input -> the model output that it is given with the next chunk; zeros at the start'),
  })
  .optional()
  .describe(
    "for a model that hears a sequence piece by piece: the data's first input is cut into chunks, and outputs get an axis of chunks",
  );

/** Options of every teacher that is a model's file: what it is given, and what is known of it. */
export const modelOptions = {
  input: z
    .strictObject({
      name: z
        .string()
        .optional()
        .describe(
          "the model input that receives the data's first input; default: the one with the same name, else the first",
        ),
      ...how,
    })
    .optional()
    .describe(
      "how the model expects its input: the data's own preprocessing is undone and this one is applied; without scale, mean and std, the data is passed on unchanged",
    ),
  source: z.string().optional().describe('where the model comes from, for the report'),
  licence: z.string().optional().describe('its licence, for the report'),
};

const options = z.strictObject({
  model: z
    .string()
    .describe(
      'the .onnx file: relative to the recipe, or `data:…` below the folder that POTSTILL_DATA names',
    ),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits')
    .optional()
    .describe('SHA-256 of the file, checked before it is used'),
  ...modelOptions,
  inputs: z
    .record(z.string().min(1), inputRequest)
    .optional()
    .describe(
      "model input -> what it is given: a field, `{ field: image, scale: 1 }`, `{ mask: field }` (1 for an element, 0 for padding), `{ length: field }`, or `{ value: 16000 }`, which `like: field` spreads over that field's shape; inputs that are not named go by name",
    ),
  recurrent: recurrentOption,
  outputs: outputsOption.describe(
    "name -> an output of the model, or what any of its nodes gives, as a name or as `{ from: name, as: probabilities }`; default: `logits`, the output with a score for each of the data's classes",
  ),
  labels: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      "class names in the order of the model's scores, which are then put in the data's order by name; classes that the data do not have are dropped; default: `potstill.labels` of the metadata, if it is there",
    ),
});

export const onnx = teacher('onnx', {
  outputs: {
    logits: "without `outputs`, the model's output with a score for each class",
    NAME: 'each name that `outputs` gives; `potstill inspect MODEL` lists what they can stand for',
  },
  help: 'an ONNX model, run in ONNX Runtime on the CPU; any layer can be tapped',
  options,
  async check({ model, sha256, outputs }, { paths }) {
    const file = await aboutOption('model', () => readModelFile(resolveDataPath(model, paths), sha256));
    if (outputs) checkNames(file, requestsOf(outputs));
  },
  create: async ({ model, sha256, ...rest }, services, { data }) =>
    openOnnxTeacher({
      ...rest,
      file: await aboutOption('model', () => readModelFile(resolveDataPath(model, services.paths), sha256)),
      data,
      threads: services.engine.threads,
    }),
});

/**
 * An ONNX file as the teacher `onnx` with these options, which must be its own (`model` and what belongs to that file
 * alone are left out).
 */
export async function openForeignModel(
  file: ModelFile,
  data: DataDescription,
  services: Pick<Services, 'engine'>,
  known: Readonly<Record<string, unknown>>,
): Promise<Teacher> {
  const { input, outputs, labels } = options.parse({ ...known, model: file.path });
  return openOnnxTeacher({ file, data, input, outputs, labels, threads: services.engine.threads });
}

// The teacher `checkpoint`: a student that potstill has exported, with its own preprocessing and labels.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DataDescription, Services, Teacher } from '../contracts/index.js';
import { resolveDataPath } from '../data/index.js';
import { aboutOption } from '../errors/option.js';
import { readJson } from '../files/json.js';
import { teacher } from '../plugin/define.js';
import { teacherInvalid } from './invalid.js';
import { metadataJson, readModelFile, type ModelFile } from './model-file.js';
import { openForeignModel } from './onnx.js';
import { openOnnxTeacher } from './onnx-teacher.js';
import { outputsOption, type OutputsOption } from './outputs.js';
import { checkAgainstSummary, exportsSchema, restoreHint } from './summary-beside.js';

/** What `potstill.input` of an exported file holds; without a layout the data told no preprocessing. */
const exportedInput = z.object({
  name: z.string(),
  layout: z.enum(['NHWC', 'NCHW', 'flat']).optional(),
  scale: z.number().optional(),
  mean: z.array(z.number()).optional(),
  std: z.array(z.number()).optional(),
});

/**
 * A student as potstill exports it to ONNX, on data that may be preprocessed in another way. It answers with all
 * outputs of the file, under their names.
 * @throws PotstillError TEACHER_INVALID where the file is not from potstill or the data do not fit; RUN_CHECKPOINT_DAMAGED
 * where it has changed since it was exported.
 */
export async function openStudentTeacher(
  onnxPath: string,
  data: DataDescription,
  services: Pick<Services, 'engine'>,
  outputs?: OutputsOption,
): Promise<Teacher> {
  const file = await readModelFile(onnxPath);
  await checkAgainstSummary(onnxPath, file.sha256);
  const teacher = await openExported(file, data, services, outputs);
  if (teacher) return teacher;
  throw teacherInvalid(
    `${onnxPath} was not exported by potstill: it has no metadata entry \`potstill.input\``,
    'use the teacher `onnx` for other models, and describe in `input` how they take their numbers',
  );
}

/** An ONNX file: an exported student by its metadata, any other with `known`, the options of the teacher `onnx`. */
export async function openModel(
  onnxPath: string,
  data: DataDescription,
  services: Pick<Services, 'engine'>,
  known: Readonly<Record<string, unknown>>,
): Promise<{ readonly model: Teacher; readonly foreign: boolean }> {
  const file = await readModelFile(onnxPath);
  await checkAgainstSummary(onnxPath, file.sha256);
  const exported = await openExported(file, data, services);
  if (exported) return { model: exported, foreign: false };
  return { model: await openForeignModel(file, data, services, known), foreign: true };
}

/** Undefined where the file has no metadata of potstill. */
async function openExported(
  file: ModelFile,
  data: DataDescription,
  services: Pick<Services, 'engine'>,
  outputs: OutputsOption = Object.fromEntries(file.outputs.map((name) => [name, name])),
): Promise<Teacher | undefined> {
  const input = metadataJson(file.path, file.metadata, 'potstill.input', exportedInput);
  return input && openOnnxTeacher({ file, data, input, outputs, threads: services.engine.threads });
}

export const checkpoint = teacher('checkpoint', {
  outputs: {
    NAME: 'without `outputs`, all that the file gives, under their names; else those that it names',
  },
  help: 'the student of a finished run, or an ONNX file that potstill exported',
  options: z.strictObject({
    run: z
      .string()
      .describe(
        'folder of a finished run, or its exported .onnx file: relative to the recipe, or `data:…` below POTSTILL_DATA',
      ),
    outputs: outputsOption.describe(
      'name -> an output of the model, or what any of its nodes gives; default: all outputs under their names',
    ),
  }),
  create: async ({ run, outputs }, services, { data }) =>
    openStudentTeacher(
      await aboutOption('run', () => exportedFile(resolveDataPath(run, services.paths))),
      data,
      services,
      outputs,
    ),
});

/** The ONNX file of a run's folder; a file is taken as it is. */
async function exportedFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found)
    throw teacherInvalid(`there is no run and no file at ${path}`, 'correct `run`, or run that recipe first');
  if (!found.isDirectory()) return path;
  const summary = await readJson(join(path, 'summary.json'), exportsSchema, restoreHint);
  if (!summary)
    throw teacherInvalid(
      `${path} holds no finished run: there is no summary.json`,
      'finish it with `potstill run --resume`, or name the folder of the run itself',
    );
  const file = summary.value.exports.find(({ kind }) => kind === 'onnx');
  if (!file) {
    throw teacherInvalid(
      `the run in ${path} exported no ONNX file`,
      'add `onnx` to `export` of its recipe and run `potstill export`',
    );
  }
  return join(path, file.path);
}

// An ONNX file as read from disk: its bytes, checked, and what it says of itself.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EngineError, readOnnxModel, type OnnxModel } from '@potstill/engine';
import { z } from 'zod';
import { reasonOf, teacherInvalid } from './invalid.js';

export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Hexadecimal. */
  readonly sha256: string;
  /** The program that wrote the file, as it says. */
  readonly producer: string;
  /** Names of the graph's outputs, in the file's order. */
  readonly outputs: readonly string[];
  /** Names of what the nodes give: all that can be tapped, outputs included. */
  readonly inner: readonly string[];
  /** Elements of the weights; integers of 32 and 64 bits are left out, they hold shapes and axes. */
  readonly parameters: number;
  /** The file's `metadata_props`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a file and checks that it is a whole ONNX model.
 * @throws PotstillError TEACHER_INVALID where there is none, another `sha256` was asked for, or it cannot be used.
 */
export async function readModelFile(path: string, sha256?: string): Promise<ModelFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw teacherInvalid(
      `the teacher ${path} cannot be read: ${reasonOf(cause)}`,
      'give the path of an .onnx file: relative to the recipe, or `data:…` below POTSTILL_DATA',
      cause,
    );
  });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== undefined && sha256.toLowerCase() !== found) {
    throw teacherInvalid(
      `the teacher ${path} has sha256 ${found}, the recipe wants ${sha256.toLowerCase()}`,
      'fetch the file again from its source; where this is the file that you mean, put its sha256 into the recipe',
    );
  }
  const model = parse(path, bytes);
  const { graph } = model;
  const weights = graph?.initializer ?? [];
  if (weights.some((weight) => 'dataLocation' in weight && weight.dataLocation === 1)) {
    throw teacherInvalid(
      `the teacher ${path} keeps its weights in another file`,
      'save it as one file: onnx.save_model(onnx.load(path), path, save_as_external_data=False)',
    );
  }
  return {
    path,
    bytes,
    sha256: found,
    producer: model.producerName ?? '',
    outputs: (graph?.output ?? []).map(({ name }) => name ?? ''),
    inner: (graph?.node ?? []).flatMap(({ output }) => output ?? []).filter((name) => name !== ''),
    parameters: weights
      .filter(({ dataType }) => dataType !== int32 && dataType !== int64)
      .reduce(
        (sum, { dims }) => sum + (dims ?? []).reduce<number>((all, length) => all * Number(length), 1),
        0,
      ),
    metadata: Object.fromEntries(
      (model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? '']),
    ),
  };
}

/** Of ONNX's TensorProto.DataType. */
const int32 = 6;
const int64 = 7;

function parse(path: string, bytes: Uint8Array): OnnxModel {
  try {
    return readOnnxModel(bytes);
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw teacherInvalid(`the teacher ${path}: ${cause.message}`, cause.hint, cause);
  }
}

/** Class names from the entry `potstill.labels`, where the file has it. */
export function labelsOf({ path, metadata }: ModelFile): readonly string[] | undefined {
  return metadataJson(path, metadata, 'potstill.labels', z.array(z.string()));
}

/** A metadata entry that holds JSON; undefined when there is none. TEACHER_INVALID where it is something else. */
export function metadataJson<T>(
  path: string,
  metadata: Readonly<Record<string, string>>,
  key: string,
  schema: z.ZodType<T>,
): T | undefined {
  const text = metadata[key];
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw teacherInvalid(
    `the teacher ${path}: its metadata entry \`${key}\` is ${JSON.stringify(text.slice(0, 80))}, which is not what potstill writes`,
    'export the model again',
  );
}

// An ONNX file as read from disk: its bytes, checked, and what it declares about itself.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EngineError, readOnnxModel, type OnnxGraph, type OnnxModel } from '@potstill/engine';
import { z } from 'zod';
import { checkOnnxSeal } from '../files/onnx-seal.js';
import { readExternalData, tensorsOf, type ExternalFile } from './external-data.js';
import { reasonOf, teacherInvalid } from './invalid.js';
import { channelsFirstValues } from './layout.js';

export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Names of the graph's outputs, in the file's order. */
  readonly outputs: readonly string[];
  /** Names of what the nodes give: all that can be tapped, outputs included. */
  readonly inner: readonly string[];
  /** Files beside the model in which weights lie. */
  readonly external: readonly ExternalFile[];
  /** Of `inner`, feature maps with the channels first. */
  readonly channelsFirst: ReadonlySet<string>;
  /** Elements of the weights, see {@link countParameters}. */
  readonly parameters: number;
  /** The file's `metadata_props`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a file, and those in which its weights lie, and checks that it is a whole ONNX model. `sha256` is of the file itself.
 * @throws PotstillError TEACHER_INVALID where there is none, another `sha256` was asked for, or it cannot be used;
 * RUN_CHECKPOINT_DAMAGED where potstill exported it and it has changed since.
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
  const { graph = {}, producerName: producer = '' } = model;
  const metadata = Object.fromEntries(
    (model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? '']),
  );
  checkOnnxSeal(path, bytes, { producer, metadata });
  return {
    path,
    bytes,
    sha256: found,
    outputs: (graph.output ?? []).map(({ name }) => name ?? ''),
    inner: (graph.node ?? []).flatMap(({ output }) => output ?? []).filter((name) => name !== ''),
    external: await readExternalData(path, model),
    channelsFirst: channelsFirstValues(graph),
    parameters: countParameters(graph),
    metadata,
  };
}

/** Of ONNX's TensorProto.DataType. */
const int32 = 6;
const int64 = 7;

/**
 * Elements of all weights, those of Constant nodes included. Left out are integers of 32 and 64 bits, which hold shapes
 * and axes, and single numbers in Constant nodes, such as the 0.5 of a GELU.
 */
function countParameters(graph: OnnxGraph): number {
  let sum = 0;
  for (const { tensor, constant } of tensorsOf(graph)) {
    if (tensor.dataType === int32 || tensor.dataType === int64) continue;
    const size = (tensor.dims ?? []).reduce<number>((all, length) => all * Number(length), 1);
    if (!constant || size > 1) sum += size;
  }
  return sum;
}

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

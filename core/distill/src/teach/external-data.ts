// Weights that an ONNX model keeps in files beside it: where they lie, and their bytes, checked.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import type { OnnxGraph, OnnxModel, OnnxTensor } from '@potstill/engine';
import { reasonOf, teacherInvalid } from './invalid.js';

export interface ExternalFile {
  /** As the model names it: relative to the model's folder. */
  readonly location: string;
  readonly bytes: Uint8Array;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** The tensors of a graph that hold its weights: initializers, and values of Constant nodes, those of subgraphs too. */
export function* tensorsOf(graph: OnnxGraph): Generator<{ tensor: OnnxTensor; constant: boolean }> {
  for (const tensor of graph.initializer ?? []) yield { tensor, constant: false };
  for (const { attribute = [] } of graph.node ?? [])
    for (const { t, g, tensors = [], graphs = [] } of attribute) {
      for (const tensor of t ? [t, ...tensors] : tensors) yield { tensor, constant: true };
      for (const inner of g ? [g, ...graphs] : graphs) yield* tensorsOf(inner);
    }
}

const external = 1;

/**
 * Reads the files in which tensors of the model lie; none where all is in the model itself.
 * @throws PotstillError TEACHER_INVALID where a file is missing, too short, or not in the model's folder or below it.
 */
export async function readExternalData(path: string, model: OnnxModel): Promise<ExternalFile[]> {
  const ends = new Map<string, number>();
  for (const { tensor } of tensorsOf(model.graph ?? {})) {
    if (tensor.dataLocation !== external) continue;
    const {
      location,
      offset = '0',
      length = '0',
    } = Object.fromEntries((tensor.externalData ?? []).map(({ key = '', value = '' }) => [key, value]));
    if (location === undefined)
      throw teacherInvalid(
        `the teacher ${path}: its weight \`${tensor.name ?? ''}\` lies in another file, which the model does not name`,
        'export the model again',
      );
    const end = Number(offset) + Number(length);
    ends.set(location, Math.max(ends.get(location) ?? 0, Number.isFinite(end) ? end : Infinity));
  }
  const files: ExternalFile[] = [];
  for (const [location, end] of ends) {
    const bytes = await readBeside(path, location);
    if (bytes.length < end)
      throw teacherInvalid(
        `the teacher ${path} needs ${end.toLocaleString('en')} bytes of \`${location}\`, which has ${bytes.length.toLocaleString('en')}`,
        'copy both files again from their source: they belong together',
      );
    files.push({ location, bytes, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
  return files;
}

async function readBeside(path: string, location: string): Promise<Uint8Array> {
  const inside = normalize(location);
  if (isAbsolute(location) || /^[a-zA-Z]:/.test(location) || inside === '..' || inside.startsWith(`..${sep}`))
    throw teacherInvalid(
      `the teacher ${path} keeps weights in ${JSON.stringify(location)}, which is not in its folder`,
      'weights are read from the folder of the model and below it only: save the model again with its weights beside it',
    );
  const file = join(dirname(path), inside);
  return readFile(file).catch((cause: unknown) => {
    throw teacherInvalid(
      `the teacher ${path} keeps weights in ${file}, which cannot be read: ${reasonOf(cause)}`,
      `copy ${JSON.stringify(location)} into the folder of the model, or save the model as one file: onnx.save_model(onnx.load(path), path, save_as_external_data=False)`,
      cause,
    );
  });
}

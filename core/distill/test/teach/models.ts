// Small ONNX files written by hand, and teachers opened on them as a recipe does.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeOnnxModel, type OnnxNode, type OnnxTensor } from '@potstill/engine';
import {
  PotstillError,
  type Batch,
  type DataDescription,
  type HostTensor,
  type ComponentServices,
  type Teacher,
} from 'potstill';
import { teacherComponents } from '../../src/teach/index.js';

export type Axis = number | string;

export interface Value {
  readonly name: string;
  /** ONNX element type; default float32. */
  readonly type?: number;
  readonly shape: readonly Axis[];
}

export const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, float16: 10, float64: 11 } as const;

function valueInfo({ name, type = elementTypes.float32, shape }: Value) {
  const dim = shape.map((axis) => (typeof axis === 'number' ? { dimValue: axis } : { dimParam: axis }));
  return { name, type: { tensorType: { elemType: type, shape: { dim } } } };
}

/** A float32 weight. */
export function weight(name: string, dims: number[], values: readonly number[]): OnnxTensor {
  return { name, dims, dataType: elementTypes.float32, rawData: bytesOf(Float32Array.from(values)) };
}

/** An int64 constant, such as the shape of a Reshape. */
export function integers(name: string, values: readonly number[]): OnnxTensor {
  const rawData = bytesOf(BigInt64Array.from(values, BigInt));
  return { name, dims: [values.length], dataType: elementTypes.int64, rawData };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** An attribute of a node that is a whole number, or a list of them. */
export function attribute(
  name: string,
  value: number | readonly number[],
): NonNullable<OnnxNode['attribute']>[number] {
  return typeof value === 'number' ? { name, type: 2, i: value } : { name, type: 7, ints: [...value] };
}

export interface ModelParts {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly OnnxNode[];
  readonly weights?: readonly OnnxTensor[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** Further operator sets, such as `ai.onnx.ml`. */
  readonly opsets?: readonly { readonly domain: string; readonly version: number }[];
}

export function modelBytes({
  inputs,
  outputs,
  nodes,
  weights = [],
  metadata = {},
  opsets = [],
}: ModelParts): Uint8Array {
  return writeOnnxModel({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }, ...opsets],
    graph: {
      name: 'by-hand',
      node: [...nodes],
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
      initializer: [...weights],
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

/** What goes in comes out: shows what a teacher is given. */
export function identity(shape: readonly Axis[], type: number = elementTypes.float32): Uint8Array {
  return modelBytes({
    inputs: [{ name: 'x', type, shape }],
    outputs: [{ name: 'y', type, shape }],
    nodes: [{ opType: 'Identity', input: ['x'], output: ['y'] }],
  });
}

/** relu(x * w) of two numbers to three; `hidden` is inside. */
export function tiny(
  batch: Axis = 'batch',
  metadata: Readonly<Record<string, string>> = {},
  factor = 1,
): Uint8Array {
  return modelBytes({
    inputs: [{ name: 'x', shape: [batch, 2] }],
    outputs: [{ name: 'scores', shape: [batch, 3] }],
    nodes: [
      { opType: 'MatMul', input: ['x', 'w'], output: ['hidden'] },
      { opType: 'Relu', input: ['hidden'], output: ['scores'] },
    ],
    weights: [
      weight(
        'w',
        [2, 3],
        [1, 2, -1, 0, 1, 1].map((value) => value * factor),
      ),
      integers('unused', [7]),
    ],
    metadata,
  });
}

/** Data of one float32 field `image`. */
export function described(
  shape: readonly (number | null)[],
  preprocessing?: DataDescription['preprocessing'],
): DataDescription {
  return {
    spec: { image: { dtype: 'float32', shape } },
    inputs: ['image'],
    fingerprint: 'd',
    ...(preprocessing ? { preprocessing } : {}),
  };
}

export function batchOf(tensors: Record<string, HostTensor>, indices?: readonly number[]): Batch {
  const size = Object.values(tensors)[0]?.shape[0] ?? 0;
  return { size, tensors, indices: indices ?? Array.from({ length: size }, (_, i) => i) };
}

/** `image` with the batch axis first. */
export function images(shape: readonly number[], values: Iterable<number>): Batch {
  return batchOf({ image: { dtype: 'float32', shape, data: Float32Array.from(values) } });
}

export interface Folder {
  readonly path: string;
  put(name: string, content: Uint8Array | string): Promise<string>;
  open(use: 'onnx' | 'checkpoint', options: object, data: DataDescription): Promise<Teacher>;
}

/** A new folder to write models into; teachers are opened relative to it. `dataFolder` is POTSTILL_DATA. */
export async function modelFolder(dataFolder?: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'potstill-teach-'));
  const services = {
    engine: { backend: 'onnx', threads: 1 },
    paths: { recipeFolder: path, runFolder: path, runsFolder: path, dataFolder },
  } as unknown as ComponentServices;
  return {
    path,
    async put(name, content) {
      await writeFile(join(path, name), content);
      return join(path, name);
    },
    async open(use, options, data) {
      const found = teacherComponents.find(({ name }) => name === use);
      if (found?.kind !== 'teacher') throw new Error(`no teacher ${use}`);
      return found.create(found.options.parse(options), services, { data });
    },
  };
}

/** The error that a promise is rejected with, which must be ours. */
export async function refusal(promise: Promise<unknown>): Promise<PotstillError> {
  const error: unknown = await promise.then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof PotstillError) return error;
  throw error;
}

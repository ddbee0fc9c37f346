// ONNX models as objects: read and written without loss, fields that we do not know included.
import protobuf from 'protobufjs';
import { EngineError } from '../errors.js';
import { modelType } from './schema.js';

/** protobufjs gives 64-bit integers as `Long` objects, and takes numbers too. */
export type Int64 = number | { toNumber(): number };

export interface OnnxTensor {
  name?: string;
  dims?: Int64[];
  dataType?: number;
  rawData?: Uint8Array;
  /** 1: the numbers lie in another file, which `externalData` names. */
  dataLocation?: number;
  externalData?: { key?: string; value?: string }[];
}

export interface OnnxAttribute {
  name?: string;
  type?: number;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  ints?: Int64[];
  t?: OnnxTensor;
  g?: OnnxGraph;
  tensors?: OnnxTensor[];
  graphs?: OnnxGraph[];
}

export interface OnnxNode {
  name?: string;
  opType?: string;
  domain?: string;
  input?: string[];
  output?: string[];
  attribute?: OnnxAttribute[];
}

export interface OnnxDimension {
  dimValue?: Int64;
  dimParam?: string;
}

export interface OnnxValueInfo {
  name?: string;
  type?: OnnxType;
}

export interface OnnxType {
  tensorType?: { elemType?: number; shape?: { dim?: OnnxDimension[] } };
  sequenceType?: { elemType?: OnnxType };
}

export interface OnnxGraph {
  name?: string;
  node?: OnnxNode[];
  input?: OnnxValueInfo[];
  output?: OnnxValueInfo[];
  valueInfo?: OnnxValueInfo[];
  initializer?: OnnxTensor[];
}

/** The parts of a model that the engine touches; the object holds all the others as well. */
export interface OnnxModel {
  irVersion?: Int64;
  producerName?: string;
  producerVersion?: string;
  graph?: OnnxGraph;
  opsetImport?: { domain?: string; version?: Int64 }[];
  metadataProps?: { key?: string; value?: string }[];
}

/** IR 3 is the first of ONNX 1.0; files before it have no operator sets. */
const oldestIr = 3;

/** Reads a model file. Throws ENGINE_BAD_ONNX for other files and for models from before ONNX 1.0. */
export function readOnnxModel(bytes: Uint8Array): OnnxModel {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  let model: OnnxModel;
  try {
    model = modelType.decode(reader) as OnnxModel;
  } catch (cause) {
    throw new EngineError(
      'ENGINE_BAD_ONNX',
      `the ${bytes.length} bytes are not an ONNX model or are damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        hint: 'Check that the file is complete: compare its size or SHA-256 with the published one.',
        cause,
      },
    );
  }
  const ir = Number(model.irVersion ?? 0);
  if (!model.graph)
    throw new EngineError(
      'ENGINE_BAD_ONNX',
      bytes.length === 0 ? 'the ONNX model is empty' : `the ${bytes.length} bytes hold no ONNX graph`,
      { hint: 'Give the bytes of a .onnx file.' },
    );
  if (ir < oldestIr)
    throw new EngineError(
      'ENGINE_BAD_ONNX',
      `the ONNX model has IR version ${ir}; version ${oldestIr} (ONNX 1.0) or newer can be read`,
      { hint: 'Export the model again with a current exporter, or convert it with the onnx Python package.' },
    );
  return model;
}

/** Writes a model; everything that `readOnnxModel` read is kept. */
export function writeOnnxModel(model: OnnxModel): Uint8Array {
  return modelType.encode(model).finish();
}

// A graph as an ONNX model.
import type { Attribute, ElementArray, ElementType, Graph, Value } from '../graph/graph.js';
import {
  type OnnxAttribute,
  type OnnxDimension,
  type OnnxTensor,
  type OnnxValueInfo,
  writeOnnxModel,
} from './model.js';

const opsetVersion = 21;
const irVersion = 10;

const typeCodes: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

const emptySequence = { sequenceType: { elemType: { tensorType: { elemType: typeCodes.float32 } } } };

const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 } as const;

export interface EncodeOptions {
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Inputs and outputs whose first axis is free get this name there. */
  readonly batchAxis?: string;
  /** A first output of this name, an empty sequence, which has no counterpart in JavaScript. See session/program.ts. */
  readonly sentinel?: string;
}

/** The graph as the bytes of a model file, opset 21. */
export function encodeGraph(graph: Graph, options: EncodeOptions = {}): Uint8Array {
  const info = (value: Value): OnnxValueInfo => ({
    name: value.name,
    type: {
      tensorType: {
        elemType: typeCodes[value.type],
        shape: {
          dim: value.shape.map((length, i): OnnxDimension =>
            i === 0 && options.batchAxis !== undefined
              ? { dimParam: options.batchAxis }
              : { dimValue: length },
          ),
        },
      },
    },
  });
  const sentinel = options.sentinel === undefined ? [] : [options.sentinel];
  return writeOnnxModel({
    irVersion,
    producerName: 'potstill',
    opsetImport: [
      { domain: '', version: opsetVersion },
      ...[...new Set(graph.nodes.map(({ op }) => nameOf(op).domain))].flatMap((domain) =>
        domain === '' ? [] : [{ domain, version: 1 }],
      ),
    ],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.name ?? 'potstill',
      input: graph.inputs.map(info),
      output: [...sentinel.map((name) => ({ name, type: emptySequence })), ...graph.outputs.map(info)],
      initializer: [...graph.constants].map(([value, data]) => tensorOf(value, data)),
      node: [
        ...sentinel.map((name) => ({ name, opType: 'SequenceEmpty', output: [name] })),
        ...graph.nodes.map((node, i) => ({
          name: `${nameOf(node.op).opType}_${i}`,
          ...nameOf(node.op),
          input: node.inputs.map((input) => input?.name ?? ''),
          output: node.outputs.map(({ name }) => name),
          attribute: Object.entries(node.attributes).map(([name, value]) => attributeOf(name, value)),
        })),
      ],
    },
  });
}

/** `domain:Operator`, or a standard operator by its name alone. */
function nameOf(op: string): { readonly domain: string; readonly opType: string } {
  const colon = op.indexOf(':');
  return { domain: op.slice(0, Math.max(0, colon)), opType: op.slice(colon + 1) };
}

function tensorOf(value: Value, data: ElementArray): OnnxTensor {
  return {
    name: value.name,
    dims: [...value.shape],
    dataType: typeCodes[value.type],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function attributeOf(name: string, value: Attribute): OnnxAttribute {
  if (typeof value === 'string')
    return { name, type: attributeTypes.string, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  return { name, type: attributeTypes.ints, ints: [...value] };
}

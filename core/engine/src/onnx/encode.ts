// A graph as an ONNX model.
import {
  type Attribute,
  bodiesOf,
  type Body,
  type ElementArray,
  type ElementType,
  type Graph,
  type Node,
  type Value,
} from '../graph/graph.js';
import {
  type OnnxAttribute,
  type OnnxDimension,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
  writeOnnxModel,
} from './model.js';

const opsetVersion = 21;
const irVersion = 10;

const typeCodes: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

const emptySequence = { sequenceType: { elemType: { tensorType: { elemType: typeCodes.float32 } } } };

const attributeTypes = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

export interface EncodeOptions {
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Names of the free axes of inputs and outputs, by their names: one entry an axis, undefined where it has a length. */
  readonly freeAxes?: ReadonlyMap<string, readonly (string | undefined)[]>;
  /** A first output of this name, an empty sequence, which has no counterpart in JavaScript. See session/program.ts. */
  readonly sentinel?: string;
}

/** Where a graph is written: at the top or within a node. */
interface Place {
  /** Names of values in the file. */
  readonly nameOf: (value: Value) => string;
  readonly dimension: (value: Value, length: number, axis: number) => OnnxDimension;
  /** Begins the names of nodes. */
  readonly prefix: string;
  /** All names in the file so far. ONNX requires a body's names to differ from those around it. */
  readonly taken: Set<string>;
}

/** The graph as the bytes of a model file, opset 21. */
export function encodeGraph(graph: Graph, options: EncodeOptions = {}): Uint8Array {
  const { sentinel, freeAxes } = options;
  const first = sentinel === undefined ? [] : [sentinel];
  const place: Place = {
    nameOf: ({ name }) => name,
    dimension: ({ name }, length, axis) => {
      const free = freeAxes?.get(name)?.[axis];
      return free === undefined ? { dimValue: length } : { dimParam: free };
    },
    prefix: '',
    taken: new Set([...first, ...valuesOf(graph).map(({ name }) => name)]),
  };
  // Lengths within a body may depend on a free axis, and may be left out.
  const within = freeAxes === undefined ? place.dimension : () => ({});
  const written = onnxGraph(graph, options.name ?? 'potstill', place, within);
  return writeOnnxModel({
    irVersion,
    producerName: 'potstill',
    opsetImport: [
      { domain: '', version: opsetVersion },
      ...domainsOf(graph).map((domain) => ({ domain, version: 1 })),
    ],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      ...written,
      output: [...first.map((name) => ({ name, type: emptySequence })), ...(written.output ?? [])],
      node: [
        ...first.map((name) => ({ name, opType: 'SequenceEmpty', output: [name] })),
        ...(written.node ?? []),
      ],
    },
  });
}

/** `domain:Operator`, or a standard operator by its name alone. */
function operatorOf(op: string): { readonly domain: string; readonly opType: string } {
  const colon = op.indexOf(':');
  return { domain: op.slice(0, Math.max(0, colon)), opType: op.slice(colon + 1) };
}

/** Domains other than ONNX's own that a graph's nodes come from, those within its nodes included. */
function domainsOf(graph: Graph): string[] {
  const own = graph.nodes.map(({ op }) => operatorOf(op).domain).filter((domain) => domain !== '');
  return [...new Set([...own, ...graph.nodes.flatMap(bodiesOf).flatMap(([, { body }]) => domainsOf(body))])];
}

function onnxGraph(graph: Graph, name: string, place: Place, within: Place['dimension']): OnnxGraph {
  const { nameOf, dimension } = place;
  const info = (value: Value): OnnxValueInfo => ({
    name: nameOf(value),
    type: {
      tensorType: {
        elemType: typeCodes[value.type],
        shape: { dim: value.shape.map((length, axis) => dimension(value, length, axis)) },
      },
    },
  });
  // ONNX Runtime warns of constants that nothing reads.
  const read = new Set([...graph.outputs, ...graph.nodes.flatMap(({ inputs }) => inputs)]);
  return {
    name,
    input: graph.inputs.map(info),
    output: graph.outputs.map(info),
    initializer: [...graph.constants].flatMap(([value, data]) =>
      read.has(value) ? [tensorOf(nameOf(value), value, data)] : [],
    ),
    node: graph.nodes.map((node, i) =>
      onnxNode(node, `${place.prefix}${operatorOf(node.op).opType}_${i}`, place, within),
    ),
  };
}

function onnxNode(node: Node, name: string, place: Place, within: Place['dimension']): OnnxNode {
  const bodies = bodiesOf(node);
  const captured = Math.max(0, ...bodies.map(([, body]) => body.captured));
  return {
    name,
    ...operatorOf(node.op),
    input: node.inputs
      .slice(0, node.inputs.length - captured)
      .map((input) => (input ? place.nameOf(input) : '')),
    output: node.outputs.map(place.nameOf),
    attribute: Object.entries(node.attributes).map(([key, value]) =>
      typeof value === 'object' && 'body' in value
        ? {
            name: key,
            type: attributeTypes.graph,
            g: bodyGraph(
              value.body,
              node.inputs.slice(node.inputs.length - value.captured),
              name,
              place,
              within,
            ),
          }
        : attributeOf(key, value),
    ),
  };
}

/** A body under names of its own; what it captures goes by its name outside. */
function bodyGraph(
  body: Graph,
  captured: readonly (Value | undefined)[],
  node: string,
  outer: Place,
  within: Place['dimension'],
): OnnxGraph {
  const inputs = body.inputs.slice(0, body.inputs.length - captured.length);
  const names = new Map<Value, string>();
  body.inputs.slice(inputs.length).forEach((input, i) => {
    const value = captured[i];
    if (!value) throw new Error(`internal: ${node} captures nothing for ${input.name}`);
    names.set(input, outer.nameOf(value));
  });
  for (const value of valuesOf(body)) {
    if (names.has(value)) continue;
    let name = `${node}/${value.name}`;
    while (outer.taken.has(name)) name += '_';
    outer.taken.add(name);
    names.set(value, name);
  }
  const nameOf = (value: Value): string => {
    const name = names.get(value);
    if (name === undefined) throw new Error(`internal: the body of ${node} reads ${value.name} from outside`);
    return name;
  };
  const place: Place = { nameOf, dimension: within, prefix: `${node}/`, taken: outer.taken };
  return onnxGraph({ ...body, inputs }, node, place, within);
}

/** Everything that has a name in a graph. */
function valuesOf(graph: Graph): Value[] {
  return [...graph.inputs, ...graph.constants.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs)];
}

function tensorOf(name: string, value: Value, data: ElementArray): OnnxTensor {
  return {
    name,
    dims: [...value.shape],
    dataType: typeCodes[value.type],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function attributeOf(name: string, value: Exclude<Attribute, Body>): OnnxAttribute {
  if (typeof value === 'string')
    return { name, type: attributeTypes.string, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: attributeTypes.int, i: value };
  if ('float' in value) return { name, type: attributeTypes.float, f: value.float };
  return { name, type: attributeTypes.ints, ints: [...value] };
}

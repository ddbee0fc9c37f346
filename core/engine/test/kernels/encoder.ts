// Writes a graph as an ONNX model with protobufjs, so that lowerings are tested apart from the engine's own encoder.
import protobuf from 'protobufjs';
import type { Attribute, ElementArray, ElementType, Graph, Node, Value } from '../../src/graph/graph.js';

/** The part of onnx.proto that a kernel's graph needs. */
const schema = `syntax = "proto3";
message Attribute { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated int64 ints = 8; int32 type = 20; }
message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; }
message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message Dim { int64 dim_value = 1; }
message Shape { repeated Dim dim = 1; }
message TensorType { int32 elem_type = 1; Shape shape = 2; }
message Type { TensorType tensor_type = 1; }
message ValueInfo { string name = 1; Type type = 2; }
message GraphP { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
message Opset { string domain = 1; int64 version = 2; }
message Model { int64 ir_version = 1; GraphP graph = 7; repeated Opset opset_import = 8; }
`;
const Model = protobuf.parse(schema, { keepCase: true }).root.lookupType('Model');

const typeCode: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

const info = ({ name, shape, type }: Value) => ({
  name,
  type: { tensor_type: { elem_type: typeCode[type], shape: { dim: shape.map((n) => ({ dim_value: n })) } } },
});

function attribute([name, value]: readonly [string, Attribute]) {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: 2, i: value };
  return 'float' in value ? { name, type: 1, f: value.float } : { name, type: 7, ints: value };
}

const node = ({ op, inputs, outputs, attributes }: Node) => ({
  op_type: op,
  input: inputs.map((value) => value?.name ?? ''),
  output: outputs.map(({ name }) => name),
  attribute: Object.entries(attributes).map(attribute),
});

const tensor = ([{ name, shape, type }, data]: readonly [Value, ElementArray]) => ({
  name,
  dims: shape,
  data_type: typeCode[type],
  raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

/** Model bytes. Outputs are named o0, o1, … */
export function encodeForTest(graph: Graph): Uint8Array {
  const outputs = graph.outputs.map((value, i) => ({ ...value, name: `o${i}` }));
  const ends: Node[] = graph.outputs.map((value, i) => ({
    op: 'Identity',
    inputs: [value],
    outputs: [{ ...value, name: `o${i}` }],
    attributes: {},
    origin: undefined,
  }));
  const model = {
    ir_version: 10,
    opset_import: [{ domain: '', version: 21 }],
    graph: {
      name: 'kernel',
      node: [...graph.nodes, ...ends].map(node),
      initializer: [...graph.constants].map(tensor),
      input: graph.inputs.map(info),
      output: outputs.map(info),
    },
  };
  return Model.encode(Model.fromObject(model)).finish();
}

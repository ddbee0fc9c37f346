// Makes inner values of an ONNX model outputs: how a teacher's layers are tapped.
import { EngineError } from '../errors.js';
import { type OnnxGraph, type OnnxValueInfo, readOnnxModel, writeOnnxModel } from './model.js';
import { nearest } from './near.js';

/**
 * The model with each named node output among the graph's outputs (those that are already stay as they are).
 * Throws ENGINE_BAD_ONNX for bytes that are not a model, and for a name that no node outputs, listing similar names.
 */
export function tapOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const model = readOnnxModel(bytes);
  const graph = model.graph as OnnxGraph;
  const made = new Set(
    (graph.node ?? []).flatMap(({ output }) => output ?? []).filter((name) => name !== ''),
  );
  const outputs = [...(graph.output ?? [])];
  const known = new Map<string, OnnxValueInfo>(
    (graph.valueInfo ?? []).flatMap((info) => (info.name === undefined ? [] : [[info.name, info]])),
  );
  for (const name of names) {
    if (outputs.some((output) => output.name === name)) continue;
    if (!made.has(name)) throw unknownOutput(name, made, outputs);
    // Runtimes infer the type where the file does not give it.
    outputs.push(known.get(name) ?? { name });
  }
  graph.output = outputs;
  return writeOnnxModel(model);
}

function unknownOutput(
  name: string,
  made: ReadonlySet<string>,
  outputs: readonly OnnxValueInfo[],
): EngineError {
  const near = nearest(name, made);
  return new EngineError(
    'ENGINE_BAD_ONNX',
    `no node of the ONNX model has an output \`${name}\`${near.length > 0 ? `; similar names: ${near.map((n) => `\`${n}\``).join(', ')}` : ''}`,
    {
      hint: `The model's outputs are ${outputs.map((output) => `\`${output.name ?? ''}\``).join(', ')}; any node's output can be tapped.`,
    },
  );
}

// Writes a model as an ONNX file with a free batch axis.
import { EngineError } from '../errors.js';
import { bindInputs } from '../graph/bind.js';
import type { Graph, Value } from '../graph/graph.js';
import { renameValues } from '../graph/rename.js';
import { kernelTable } from '../kernels/index.js';
import { encodeGraph } from '../onnx/encode.js';
import { improve } from '../passes/index.js';
import { recordForward } from '../record/forward.js';
import { lower } from '../record/lower.js';
import { variableInput } from '../record/recording.js';
import { userInput } from '../record/step.js';
import { checkVariables, valueOf } from '../session/definition.js';
import type { ExportDefinition, HostTensor } from '../types.js';
import { expandUniform } from './expand-uniform.js';
import { freeBatch } from './free-batch.js';

/** The name of the free first axis of every input and output. */
const batchAxis = 'batch';

/**
 * The batch sizes that are recorded (nothing is computed, so they cost nothing): primes that a model's own sizes are
 * unlikely to equal, or something of the model would be taken for the batch.
 */
const batches = [97, 101] as const;

/**
 * `definition` as the bytes of an ONNX model (opset 21), weights inside, inputs and outputs under their own names, each
 * with the free axis `batch` first. Throws ENGINE_NO_BATCH_AXIS when the function depends on the batch size otherwise.
 */
export function exportOnnx(definition: ExportDefinition): Promise<Uint8Array> {
  // A promise by contract; a refusal is a rejection.
  return Promise.resolve().then(() => {
    checkVariables(definition.variables);
    const weights = new Map(
      definition.variables.map((variable) => [variableInput(variable.name), valueOf(variable)] as const),
    );
    const first = traced(definition, weights, batches[0]);
    const second = traced(definition, weights, batches[1]);
    const graph = freeBatch(
      { graph: first.graph, batch: batches[0] },
      { graph: second.graph, batch: batches[1] },
    );
    return encodeGraph(named(graph, definition, first.outputs), {
      name: 'model',
      batchAxis,
      ...(definition.metadata ? { metadata: definition.metadata } : {}),
    });
  });
}

function traced(
  definition: ExportDefinition,
  weights: ReadonlyMap<string, HostTensor>,
  batch: number,
): { graph: Graph; outputs: readonly string[] } {
  const shapes = Object.fromEntries(
    Object.entries(definition.inputs).map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape: [batch, ...shape] },
    ]),
  );
  const outputs = recordForward(kernelTable, definition.variables, definition.forward, shapes);
  const lowered = lower(
    kernelTable,
    outputs.map(({ value }) => value),
  );
  return {
    graph: expandUniform(improve(bindInputs(lowered, weights)), new Set(weights.keys())),
    outputs: outputs.map(({ name }) => name),
  };
}

/** Inputs, outputs and weights under the names that the definition gives them; unused inputs put back. */
function named(graph: Graph, definition: ExportDefinition, outputs: readonly string[]): Graph {
  const inputs = Object.entries(definition.inputs).map(([name, { dtype, shape }]): Value => {
    const used = graph.inputs.find((input) => input.name === userInput(name));
    return used ?? { name: userInput(name), shape: [batches[0], ...shape], type: dtype };
  });
  const names = new Map<Value, string>();
  Object.keys(definition.inputs).forEach((name, i) => names.set(inputs[i] as Value, name));
  outputs.forEach((name, i) => {
    if (Object.hasOwn(definition.inputs, name))
      throw new EngineError('ENGINE_OPTION', `\`${name}\` is the name of an input and of an output`, {
        hint: 'Give the output another name.',
      });
    names.set(graph.outputs[i] as Value, name);
  });
  const taken = new Set(names.values());
  for (const { name } of definition.variables) {
    const weight = [...graph.constants.keys()].find((value) => value.name === variableInput(name));
    if (weight && !taken.has(name)) names.set(weight, name);
  }
  return renameValues({ ...graph, inputs }, names);
}

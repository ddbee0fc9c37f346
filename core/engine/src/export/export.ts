// Writes a model as an ONNX file with free axes: the first of each input, and others by name.
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
import type { HostTensor } from '../host-tensor.js';
import type { ExportDefinition } from '../types.js';
import { expandUniform } from './expand-uniform.js';
import { freeAxes } from './free-axes.js';

/** Lengths of the free axes, by name. */
type Lengths = ReadonlyMap<string, number>;

/**
 * Two lengths of a free axis, with which the model is recorded (nothing is computed, so they cost nothing): primes that a
 * model's own sizes are unlikely to equal, or something of the model would be taken for the axis.
 */
const oneAxis = [97, 101] as const;

/** The same of several axes. A graph has many nodes and edges: long enough for the lowerings that suit those. */
const severalAxes = [
  [1009, 1013],
  [1019, 1021],
  [1031, 1033],
  [1039, 1049],
] as const;

/**
 * The same where an input has several free axes: small, since tensors have their product of elements. The two lengths leave
 * different rests when they are divided by a small number, so that padding that depends on it is noticed; the differences tell
 * the axes apart where a few elements are added to one.
 */
const innerAxes = [
  [97, 104],
  [103, 114],
  [109, 122],
  [127, 144],
  [137, 156],
  [149, 172],
] as const;

/** Names of the free axes of a value, one entry an axis. */
type Axes = readonly (string | undefined)[];

/**
 * `definition` as the bytes of an ONNX model (opset 21), weights inside, inputs and outputs under their own names. Each has
 * a free axis first: `batch`, or what `axis` of the input says; an output has the one that it follows. Further axes that an
 * input names are free too, and those of outputs that follow them. Throws ENGINE_NO_BATCH_AXIS when the function depends on
 * the length of a free axis otherwise.
 */
export function exportOnnx(definition: ExportDefinition): Promise<Uint8Array> {
  // A promise by contract; a refusal is a rejection.
  return Promise.resolve().then(() => {
    checkVariables(definition.variables);
    const weights = new Map(
      definition.variables.map((variable) => [variableInput(variable.name), valueOf(variable)] as const),
    );
    const axes = new Map(
      Object.entries(definition.inputs).map(([name, { axis = 'batch', shape }]): [string, Axes] => [
        name,
        [axis, ...shape.map((length) => (typeof length === 'string' ? length : undefined))],
      ]),
    );
    const [short, long] = lengthsOf([...axes.values()]);
    const first = traced(definition, weights, short);
    const second = traced(definition, weights, long);
    const freed = freeAxes(
      { graph: first.graph, lengths: short },
      { graph: second.graph, lengths: long },
      new Map([...axes].map(([name, own]) => [userInput(name), own])),
    );
    first.outputs.forEach((name, i) => {
      if (Object.hasOwn(definition.inputs, name))
        throw new EngineError('ENGINE_OPTION', `\`${name}\` is the name of an input and of an output`, {
          hint: 'Give the output another name.',
        });
      // An axis that is another function of free lengths has a name of its own.
      axes.set(
        name,
        (freed.outputs[i] ?? []).map((axis, at) => (axis === null ? `${name}.${at}` : axis)),
      );
    });
    return encodeGraph(named(freed.graph, definition, first), {
      name: 'model',
      freeAxes: axes,
      ...(definition.metadata ? { metadata: definition.metadata } : {}),
    });
  });
}

function lengthsOf(inputs: readonly Axes[]): readonly [Lengths, Lengths] {
  const names = (axes: Axes) => axes.filter((axis) => axis !== undefined);
  const axes = [...new Set(inputs.flatMap(names))];
  const inner = inputs.some((own) => names(own).length > 1);
  const pairs = inner ? innerAxes : axes.length > 1 ? severalAxes : [oneAxis];
  if (axes.length > pairs.length)
    throw new EngineError(
      'ENGINE_OPTION',
      `the inputs have ${axes.length} free axes (${axes.join(', ')}), ${pairs.length} are possible`,
    );
  const lengths = (which: 0 | 1): Lengths =>
    new Map(axes.map((axis, i) => [axis, pairs[i]?.[which] as number]));
  return [lengths(0), lengths(1)];
}

interface Traced {
  readonly graph: Graph;
  /** Names of the outputs, in order. */
  readonly outputs: readonly string[];
  /** Shapes of the inputs, by name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

function traced(
  definition: ExportDefinition,
  weights: ReadonlyMap<string, HostTensor>,
  lengths: Lengths,
): Traced {
  const lengthOf = (axis: number | string) =>
    typeof axis === 'number' ? axis : (lengths.get(axis) as number);
  const shapes = Object.fromEntries(
    Object.entries(definition.inputs).map(([name, { dtype, shape, axis = 'batch' }]) => [
      name,
      { dtype, shape: [axis, ...shape].map(lengthOf) },
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
    shapes: Object.fromEntries(Object.entries(shapes).map(([name, { shape }]) => [name, shape])),
  };
}

/** Inputs, outputs and weights under the names that the definition gives them; unused inputs put back. */
function named(graph: Graph, definition: ExportDefinition, { outputs, shapes }: Traced): Graph {
  const names = new Map<Value, string>();
  const inputs = Object.entries(definition.inputs).flatMap(([name, { dtype, optional = false }]): Value[] => {
    const used = graph.inputs.find((input) => input.name === userInput(name));
    if (!used && optional) return [];
    const input = used ?? { name: userInput(name), shape: shapes[name] as readonly number[], type: dtype };
    names.set(input, name);
    return [input];
  });
  outputs.forEach((name, i) => names.set(graph.outputs[i] as Value, name));
  const taken = new Set(names.values());
  for (const { name } of definition.variables) {
    const weight = [...graph.constants.keys()].find((value) => value.name === variableInput(name));
    if (weight && !taken.has(name)) names.set(weight, name);
  }
  return renameValues({ ...graph, inputs }, names);
}

// From a tape to a graph: the kernels that the outputs need, each written in ONNX operators by its rule.
import { GraphBuilder, sizeOf } from '../graph/builder.js';
import type { ElementArray, Graph, Origin, Value } from '../graph/graph.js';
import { portable, type Target } from '../graph/target.js';
import type { KernelTable } from '../kernels/rule.js';
import { type ConstantData, type Recorded, show, type TapedKernel } from './tape.js';

/** Above this many elements a constant of equal elements is expanded within the graph instead of written out. */
const writtenOut = 64;

export interface LowerOptions {
  /** What stands for something recorded, where the graph begins within a recording. */
  readonly replaced?: ReadonlyMap<Recorded, Recorded>;
  /** Where the graph will run. Default: anywhere. */
  readonly target?: Target;
}

/** The graph that computes `outputs`, in their order. Each output is a node's own, never an input or a constant. */
export function lower(
  table: KernelTable,
  outputs: readonly Recorded[],
  { replaced = new Map<Recorded, Recorded>(), target = portable }: LowerOptions = {},
): Graph {
  const builder = new GraphBuilder();
  const values = new Map<Recorded, Value>();
  const kernels = neededKernels(outputs, replaced);
  const valueOf = (given: Recorded): Value => {
    const recorded = replaced.get(given) ?? given;
    const known = values.get(recorded);
    if (known) return known;
    const { source } = recorded;
    if (source.kind === 'kernel')
      throw new Error(`internal: ${source.kernel.kernel} is used before it is lowered`);
    const value =
      source.kind === 'input'
        ? builder.input(source.name, recorded.shape, recorded.dtype)
        : constantOf(builder, recorded, source.data);
    values.set(recorded, value);
    return value;
  };
  for (const taped of kernels) {
    builder.origin = originOf(taped);
    const rule = table[taped.kernel];
    if (!rule) throw new Error(`internal: ${taped.kernel} was recorded without a rule`);
    const lowered = rule.lower({
      graph: builder,
      inputs: Object.fromEntries(
        Object.entries(taped.inputs).flatMap(([name, input]) => (input ? [[name, valueOf(input)]] : [])),
      ),
      attributes: taped.attributes,
      outputs: taped.outputs,
      target,
    });
    taped.outputs.forEach((output, i) => {
      const value = lowered[i];
      if (value?.type !== output.dtype || String(value.shape) !== String(output.shape))
        throw new Error(
          `internal: ${taped.kernel} was lowered to ${value ? show({ ...value, dtype: value.type }) : 'nothing'} instead of ${show(output)}`,
        );
      values.set(output, value);
    });
  }
  builder.origin = undefined;
  const { inputs, constants } = builder.build([]);
  const given = new Set([...inputs, ...constants.keys()]);
  const taken = new Set<Value>();
  const made = outputs.map((output) => {
    const value = valueOf(output);
    const own =
      (replaced.get(output) ?? output).source.kind !== 'kernel' ||
      taken.has(value) ||
      // A lowering may pass an input or a constant through.
      given.has(value)
        ? builder.unary('Identity', value)
        : value;
    taken.add(own);
    return own;
  });
  return builder.build(made);
}

function originOf({ kernel, line }: TapedKernel): Origin {
  return {
    kernel,
    get line() {
      return line();
    },
  };
}

/** Kernels that the outputs depend on, in the order in which they ran. */
export function neededKernels(
  outputs: readonly Recorded[],
  replaced: ReadonlyMap<Recorded, Recorded> = new Map(),
): TapedKernel[] {
  const seen = new Set<TapedKernel>();
  const order: TapedKernel[] = [];
  // Depth first by hand: a deep model would overflow the call stack.
  const stack: { kernel: TapedKernel; done: boolean }[] = [];
  const push = (given: Recorded | undefined): void => {
    const recorded = given && (replaced.get(given) ?? given);
    if (recorded?.source.kind === 'kernel' && !seen.has(recorded.source.kernel))
      stack.push({ kernel: recorded.source.kernel, done: false });
  };
  outputs.toReversed().forEach(push);
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (top.done) {
      order.push(top.kernel);
      continue;
    }
    if (seen.has(top.kernel)) continue;
    seen.add(top.kernel);
    stack.push({ kernel: top.kernel, done: true });
    Object.values(top.kernel.inputs).toReversed().forEach(push);
  }
  return order;
}

function constantOf(builder: GraphBuilder, recorded: Recorded, data: ConstantData): Value {
  const { shape, dtype } = recorded;
  const size = sizeOf(shape);
  if ('values' in data) return builder.constant(data.values, shape, dtype);
  if (size <= writtenOut) return builder.constant(arrayOf(dtype, size).fill(data.fill), shape, dtype);
  const one = builder.constant(
    arrayOf(dtype, 1).fill(data.fill),
    shape.map(() => 1),
    dtype,
  );
  return builder.op('Expand', [one, builder.ints(shape)], shape, dtype);
}

function arrayOf(dtype: Recorded['dtype'], size: number): Exclude<ElementArray, BigInt64Array> {
  return dtype === 'float32'
    ? new Float32Array(size)
    : dtype === 'int32'
      ? new Int32Array(size)
      : new Uint8Array(size);
}

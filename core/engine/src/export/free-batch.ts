// Two graphs of one function at two batch sizes, merged into one whose batch axis is free.
import { isDeepStrictEqual } from 'node:util';
import { EngineError } from '../errors.js';
import type { ElementArray, Graph, Node, Value } from '../graph/graph.js';

export interface Sized {
  readonly graph: Graph;
  readonly batch: number;
}

/**
 * The graph of `a` with everything that depends on the batch size made free: what differs between the two graphs is
 * shape data, and a multiple of the batch size. Refuses with ENGINE_NO_BATCH_AXIS what is anything else.
 */
export function freeBatch(a: Sized, b: Sized): Graph {
  return new Merge(a, b).run();
}

class Merge {
  private readonly constants: Map<Value, ElementArray>;
  private readonly nodes: Node[] = [];
  /** Values of `b` by those of `a`. */
  private readonly pairs = new Map<Value, Value>();
  private readonly made = new Map<string, Value>();
  private batchVector: Value | undefined;

  constructor(
    private readonly a: Sized,
    private readonly b: Sized,
  ) {
    this.constants = new Map(a.graph.constants);
  }

  run(): Graph {
    const { graph } = this.a;
    const other = this.b.graph;
    if (graph.nodes.length !== other.nodes.length || graph.inputs.length !== other.inputs.length)
      throw refusal(undefined, 'the model does something else at another batch size');
    graph.inputs.forEach((input, i) => {
      this.pairs.set(input, other.inputs[i] as Value);
    });
    graph.nodes.forEach((node, i) => this.node(node, other.nodes[i] as Node));
    graph.outputs.forEach((output, i) => this.output(output, other.outputs[i] as Value, i));
    return { ...graph, constants: this.constants, nodes: this.nodes };
  }

  private node(node: Node, other: Node): void {
    if (node.op !== other.op || node.inputs.length !== other.inputs.length)
      throw refusal(node, 'the model does something else at another batch size');
    if (!isDeepStrictEqual(node.attributes, other.attributes))
      throw refusal(node, `${node.op} depends on the batch size`);
    let attributes = node.attributes;
    const inputs = node.inputs.map((input, i) => {
      const twin = other.inputs[i];
      if (!input || !twin) {
        if (input || twin) throw refusal(node, 'the model does something else at another batch size');
        return undefined;
      }
      const data = this.a.graph.constants.get(input);
      const twinData = this.b.graph.constants.get(twin);
      if (!data || !twinData) {
        if (this.pairs.get(input) !== twin)
          throw refusal(node, 'the model does something else at another batch size');
        return input;
      }
      if (isDeepStrictEqual(data, twinData) && isDeepStrictEqual(input.shape, twin.shape)) return input;
      if (node.op === 'Reshape' && i === 1) {
        const target = reshapeTarget(node, data, twinData);
        if (target) {
          // -1 with `allowzero` would make a real zero ambiguous; there is none here.
          attributes = { ...attributes, allowzero: 0 };
          return this.ints(target);
        }
      }
      return this.scaled(node, data, twinData);
    });
    node.outputs.forEach((output, i) => this.pairs.set(output, other.outputs[i] as Value));
    this.nodes.push({ ...node, inputs, attributes });
  }

  private output(output: Value, twin: Value, index: number): void {
    const [first, ...rest] = output.shape;
    const [twinFirst, ...twinRest] = twin.shape;
    if (first === this.a.batch && twinFirst === this.b.batch && isDeepStrictEqual(rest, twinRest)) return;
    const node = this.a.graph.nodes.find(({ outputs }) => outputs.includes(output));
    throw refusal(
      node,
      `output ${index} has shape [${output.shape}] for ${this.a.batch} examples and [${twin.shape}] for ${this.b.batch}; the first axis must be the batch`,
    );
  }

  /** Shape data whose differing elements are multiples of the batch size, computed from an input's shape. */
  private scaled(node: Node, data: ElementArray, twin: ElementArray): Value {
    if (!(data instanceof BigInt64Array) || !(twin instanceof BigInt64Array) || data.length !== twin.length)
      throw refusal(node, `a constant of ${node.op} depends on the batch size`);
    const parts = Array.from(data, (x, i): Value => {
      const y = twin[i] as bigint;
      if (x === y) return this.ints([Number(x)]);
      const factor = Number(x) / this.a.batch;
      if (!Number.isInteger(factor) || factor * this.b.batch !== Number(y))
        throw refusal(
          node,
          `${node.op} takes a part of the batch axis that is no multiple of the batch size`,
        );
      const batch = this.batch(node);
      return factor === 1 ? batch : this.op('Mul', [batch, this.ints([factor])], [1]);
    });
    return parts.length === 1 ? (parts[0] as Value) : this.op('Concat', parts, [parts.length], { axis: 0 });
  }

  /** The batch size as an int64 vector of one element. */
  private batch(node: Node): Value {
    if (this.batchVector) return this.batchVector;
    const input = this.a.graph.inputs[0];
    if (!input) throw refusal(node, 'the model has no input to take the batch size from');
    return (this.batchVector = this.op('Shape', [input], [1], { start: 0, end: 1 }));
  }

  private op(
    op: string,
    inputs: Value[],
    shape: readonly number[],
    attributes: Node['attributes'] = {},
    type: Value['type'] = 'int64',
  ): Value {
    const value: Value = { name: `batch${this.nodes.length}`, shape, type };
    this.nodes.push({ op, inputs, outputs: [value], attributes, origin: undefined });
    return value;
  }

  private ints(values: readonly number[]): Value {
    const key = values.join();
    const known = this.made.get(key);
    if (known) return known;
    const value: Value = { name: `shape${this.made.size}`, shape: [values.length], type: 'int64' };
    this.constants.set(value, BigInt64Array.from(values, BigInt));
    this.made.set(key, value);
    return value;
  }
}

/** A Reshape's target that holds for every batch size: -1 where it differs, 0 (the input's axis) for further ones. */
function reshapeTarget(node: Node, data: ElementArray, twin: ElementArray): number[] | undefined {
  const sizes = Array.from(data as ArrayLike<bigint>, Number);
  const others = Array.from(twin as ArrayLike<bigint>, Number);
  if (sizes.length !== others.length || sizes.includes(0)) return undefined;
  const input = node.inputs[0] as Value;
  const differing = sizes.flatMap((size, i) => (size === others[i] ? [] : [i]));
  const copied = differing.length === 1 ? [] : differing.filter((i) => input.shape[i] === sizes[i]);
  const inferred = differing.filter((i) => !copied.includes(i));
  if (inferred.length > 1) return undefined;
  return sizes.map((size, i) => (copied.includes(i) ? 0 : inferred.includes(i) ? -1 : size));
}

function refusal(node: Node | undefined, reason: string): EngineError {
  const kernel = node?.origin ? ` (TF.js kernel ${node.origin.kernel})` : '';
  const line = node?.origin?.line;
  return new EngineError(
    'ENGINE_NO_BATCH_AXIS',
    `the model cannot be exported with a free batch axis: ${reason}${kernel}${line === undefined ? '' : `\n  at ${line}`}`,
    {
      hint: 'Keep the batch as the first axis of every input and output, and take its length from no shape: use -1 in reshapes, tf.mean instead of a division.',
      ...(line === undefined ? {} : { location: line }),
    },
  );
}

// Two graphs of one function at two lengths of each free axis, merged into one in which these axes are free.
import { isDeepStrictEqual } from 'node:util';
import { EngineError } from '../errors.js';
import { onnxTypeCode } from '../graph/builder.js';
import type { Attribute, Body, ElementArray, Graph, Node, Value } from '../graph/graph.js';

export interface Sized {
  readonly graph: Graph;
  /** Lengths of the free axes, by name: `batch`. */
  readonly lengths: ReadonlyMap<string, number>;
}

/** A graph with free axes, and the axis that each output has first. */
export interface Freed {
  readonly graph: Graph;
  readonly outputs: readonly string[];
}

/**
 * The graph of `a` with everything that depends on the lengths of the free axes made free: what differs between the two
 * graphs is shape data, and a multiple of one of these lengths. `axes` are the first axes of the inputs, by their names.
 * Refuses with ENGINE_NO_BATCH_AXIS what is anything else.
 */
export function freeAxes(a: Sized, b: Sized, axes: ReadonlyMap<string, string>): Freed {
  return new Merge(a, b, axes).run();
}

interface Multiple {
  readonly axis: string;
  readonly factor: number;
}

class Merge {
  private readonly constants: Map<Value, ElementArray>;
  private readonly nodes: Node[] = [];
  /** Values of `b` by those of `a`. */
  private readonly pairs = new Map<Value, Value>();
  private readonly made = new Map<string, Value>();
  /** Lengths of free axes, as int64 vectors of one element. */
  private readonly vectors = new Map<string, Value>();

  constructor(
    private readonly a: Sized,
    private readonly b: Sized,
    private readonly axes: ReadonlyMap<string, string>,
  ) {
    this.constants = new Map(a.graph.constants);
  }

  run(): Freed {
    const graph = this.body();
    const outputs = graph.outputs.map((output, i) =>
      this.output(output, this.b.graph.outputs[i] as Value, i),
    );
    return { graph, outputs };
  }

  /** The merged graph; a graph within a node may give anything. */
  private body(): Graph {
    const { graph } = this.a;
    const other = this.b.graph;
    if (graph.nodes.length !== other.nodes.length || graph.inputs.length !== other.inputs.length)
      throw refusal(undefined, 'the model does something else at another length');
    graph.inputs.forEach((input, i) => {
      this.pairs.set(input, other.inputs[i] as Value);
    });
    graph.nodes.forEach((node, i) => this.node(node, other.nodes[i] as Node));
    return { ...graph, constants: this.constants, nodes: this.nodes };
  }

  private node(node: Node, other: Node): void {
    if (node.op !== other.op || node.inputs.length !== other.inputs.length)
      throw refusal(node, 'the model does something else at another length');
    let attributes = this.attributes(node, other);
    const inputs = node.inputs.map((input, i) => {
      const twin = other.inputs[i];
      if (!input || !twin) {
        if (input || twin) throw refusal(node, 'the model does something else at another length');
        return undefined;
      }
      const data = this.a.graph.constants.get(input);
      const twinData = this.b.graph.constants.get(twin);
      if (!data || !twinData) {
        if (this.pairs.get(input) !== twin)
          throw refusal(node, 'the model does something else at another length');
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
      return this.scaled(node, input, data, twinData);
    });
    node.outputs.forEach((output, i) => this.pairs.set(output, other.outputs[i] as Value));
    this.nodes.push({ ...node, inputs, attributes });
  }

  private attributes(node: Node, other: Node): Node['attributes'] {
    const merged = Object.entries(node.attributes).map(([name, value]): [string, Attribute] => {
      const twin = other.attributes[name];
      if (isBody(value) && isBody(twin) && value.captured === twin.captured) {
        const [a, b] = [value, twin].map(({ body }) => body) as [Graph, Graph];
        const within = new Merge({ ...this.a, graph: a }, { ...this.b, graph: b }, new Map());
        return [name, { body: within.body(), captured: value.captured }];
      }
      if (!isDeepStrictEqual(value, twin)) throw refusal(node, `${node.op} depends on its length`);
      return [name, value];
    });
    if (merged.length !== Object.keys(other.attributes).length)
      throw refusal(node, `${node.op} depends on its length`);
    return Object.fromEntries(merged);
  }

  /** The axis that an output has first. */
  private output(output: Value, twin: Value, index: number): string {
    const [first, ...rest] = output.shape;
    const [twinFirst, ...twinRest] = twin.shape;
    const free = this.multiple(first, twinFirst);
    if (free?.factor === 1 && isDeepStrictEqual(rest, twinRest)) return free.axis;
    const node = this.a.graph.nodes.find(({ outputs }) => outputs.includes(output));
    const lengths = (sized: Sized): string =>
      [...sized.lengths].map(([axis, length]) => `${axis} ${length}`).join(', ');
    const axes = [...this.a.lengths.keys()].join(' or ');
    throw refusal(
      node,
      `output ${index} has shape [${output.shape}] for ${lengths(this.a)} and [${twin.shape}] for ${lengths(this.b)}; the first axis must be ${axes}`,
    );
  }

  /** Which axis has a length that two differing numbers are the same multiple of. */
  private multiple(x: number | undefined, y: number | undefined): Multiple | undefined {
    if (x === undefined || y === undefined || x === y) return undefined;
    for (const [axis, length] of this.a.lengths) {
      const factor = x / length;
      if (Number.isInteger(factor) && factor * (this.b.lengths.get(axis) as number) === y)
        return { axis, factor };
    }
    return undefined;
  }

  /** Shape data whose differing elements are multiples of free lengths, computed from the inputs' shapes. */
  private scaled(node: Node, constant: Value, data: ElementArray, twin: ElementArray): Value {
    const { type } = constant;
    if ((type !== 'int64' && type !== 'int32') || data.length !== twin.length)
      throw refusal(node, `a constant of ${node.op} depends on its length`);
    const parts = Array.from(data as ArrayLike<bigint | number>, (x, i): Value => {
      const y = twin[i] as bigint | number;
      if (x === y) return this.ints([Number(x)]);
      const free = this.multiple(Number(x), Number(y));
      if (!free) throw refusal(node, `${node.op} takes a part of it that is not a multiple of its length`);
      const length = this.length(free.axis, node);
      return free.factor === 1 ? length : this.op('Mul', [length, this.ints([free.factor])], [1]);
    });
    const vector =
      parts.length === 1 ? (parts[0] as Value) : this.op('Concat', parts, [parts.length], { axis: 0 });
    const typed =
      type === 'int64' ? vector : this.op('Cast', [vector], vector.shape, { to: onnxTypeCode[type] }, type);
    return constant.shape.length === 1
      ? typed
      : this.op('Reshape', [typed, this.ints(constant.shape)], constant.shape, {}, type);
  }

  /** The length of a free axis as an int64 vector of one element. */
  private length(axis: string, node: Node): Value {
    const known = this.vectors.get(axis);
    if (known) return known;
    const source = this.source(axis);
    if (!source) throw refusal(node, `the model uses no input to take the length of \`${axis}\` from`);
    const { input, at } = source;
    const made = this.op('Shape', [input], [1], { start: at, end: at + 1 });
    this.vectors.set(axis, made);
    return made;
  }

  /** An input that has a free axis, and where. Those of a graph within a node may have it anywhere. */
  private source(axis: string): { readonly input: Value; readonly at: number } | undefined {
    const { inputs } = this.a.graph;
    const declared = inputs.find(({ name }) => this.axes.get(name) === axis);
    if (declared) return { input: declared, at: 0 };
    for (const input of inputs) {
      const twin = this.pairs.get(input) as Value;
      const at = input.shape.findIndex((length, i) => {
        const free = this.multiple(length, twin.shape[i]);
        return free?.axis === axis && free.factor === 1;
      });
      if (at >= 0) return { input, at };
    }
    return undefined;
  }

  private op(
    op: string,
    inputs: Value[],
    shape: readonly number[],
    attributes: Node['attributes'] = {},
    type: Value['type'] = 'int64',
  ): Value {
    const value: Value = { name: `length${this.nodes.length}`, shape, type };
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

function isBody(value: Attribute | undefined): value is Body {
  return typeof value === 'object' && 'body' in value;
}

/** A Reshape's target that holds for every length: -1 where it differs, 0 (the input's axis) for further ones. */
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
    `the model cannot be exported with a free first axis: ${reason}${kernel}${line === undefined ? '' : `\n  at ${line}`}`,
    {
      hint: 'Keep the free axis first in every input and output, and do not read its length from a shape: use -1 in reshapes and tf.mean instead of a division.',
      ...(line === undefined ? {} : { location: line }),
    },
  );
}

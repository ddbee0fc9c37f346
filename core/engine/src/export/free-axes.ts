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

/** Free axes of an input: their names, undefined for those of fixed length. */
type InputAxes = readonly (string | undefined)[];

/** Free axes of an output: as those of an input; null where a length is another function of free lengths. */
type OutputAxes = readonly (string | undefined | null)[];

/** A graph with free axes, and those of its outputs. */
export interface Freed {
  readonly graph: Graph;
  readonly outputs: readonly OutputAxes[];
}

/**
 * The graph of `a` with everything that depends on the lengths of the free axes made free: what differs between the two
 * graphs is shape data, and a multiple of one of these lengths (and some more) or of a product of them, or counts up to it. `axes` are those
 * of the inputs, by their names. Refuses with ENGINE_NO_BATCH_AXIS what is anything else.
 */
export function freeAxes(a: Sized, b: Sized, axes: ReadonlyMap<string, InputAxes>): Freed {
  return new Merge(a, b, axes).run();
}

/** A number times the lengths of free axes, and some more. An axis may stand twice. */
interface Multiple {
  readonly axes: readonly string[];
  readonly factor: number;
  readonly more: number;
}

/** Whether it is the length of one axis itself. */
function isAxis(free: Multiple | undefined): free is Multiple {
  return free?.factor === 1 && free.more === 0 && free.axes.length === 1;
}

/** What may be added to a length: a window of neighbours takes a few. */
const most = 64;

/** Axes whose lengths are multiplied: at most so many. */
const degree = 3;

class Merge {
  private readonly constants: Map<Value, ElementArray>;
  private readonly nodes: Node[] = [];
  /** Values of `b` by those of `a`. */
  private readonly pairs = new Map<Value, Value>();
  private readonly made = new Map<string, Value>();
  private known: readonly (readonly string[])[] | undefined;
  /** Lengths of free axes, as int64 vectors of one element. */
  private readonly vectors = new Map<string, Value>();

  constructor(
    private readonly a: Sized,
    private readonly b: Sized,
    private readonly axes: ReadonlyMap<string, InputAxes>,
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
        attributes = { ...attributes, allowzero: 0 };
        return this.scaled(node, input, [data, twinData], true);
      }
      const counted = this.counted(node, input, twin, [data, twinData]);
      return counted ?? this.scaled(node, input, [data, twinData], false);
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

  /** The free axes of an output, of which the first must be one. */
  private output(output: Value, twin: Value, index: number): OutputAxes {
    const axes = output.shape.map((length, i) => {
      if (length === twin.shape[i]) return undefined;
      const free = this.multiple(length, twin.shape[i]);
      return isAxis(free) ? free.axes[0] : null;
    });
    if (typeof axes[0] === 'string' && output.shape.length === twin.shape.length) return axes;
    const node = this.a.graph.nodes.find(({ outputs }) => outputs.includes(output));
    const lengths = (sized: Sized): string =>
      [...sized.lengths].map(([axis, length]) => `${axis} ${length}`).join(', ');
    const names = [...this.a.lengths.keys()].join(' or ');
    throw refusal(
      node,
      `output ${index} has shape [${output.shape}] for ${lengths(this.a)} and [${twin.shape}] for ${lengths(this.b)}; the first axis must be ${names}`,
    );
  }

  /** Which lengths two differing numbers are the same multiple of, give or take the same few. */
  private multiple(x: number | undefined, y: number | undefined): Multiple | undefined {
    if (x === undefined || y === undefined || x === y) return undefined;
    for (const axes of this.products()) {
      const size = (lengths: ReadonlyMap<string, number>) =>
        axes.reduce((product, axis) => product * (lengths.get(axis) as number), 1);
      const factor = x / size(this.a.lengths);
      if (Number.isInteger(factor) && factor * size(this.b.lengths) === y) return { axes, factor, more: 0 };
    }
    for (const [axis, length] of this.a.lengths) {
      const factor = (y - x) / ((this.b.lengths.get(axis) as number) - length);
      const more = x - factor * length;
      if (Number.isInteger(factor) && factor > 0 && Math.abs(more) <= most)
        return { axes: [axis], factor, more };
    }
    return undefined;
  }

  /** Axes whose lengths may be multiplied, fewest first. */
  private products(): readonly (readonly string[])[] {
    if (this.known) return this.known;
    const names = [...this.a.lengths.keys()];
    let last: (readonly string[])[] = [[]];
    const all: (readonly string[])[] = [];
    for (let length = 1; length <= degree; length++) {
      last = last.flatMap((axes) =>
        names.filter((name) => name >= (axes.at(-1) ?? '')).map((name) => [...axes, name]),
      );
      all.push(...last);
    }
    return (this.known = all);
  }

  /**
   * Shape data whose differing elements are multiples of free lengths, computed from the inputs' shapes. With `infers` one
   * element may be anything: -1, which a Reshape works out.
   */
  private scaled(
    node: Node,
    constant: Value,
    [data, twin]: readonly [ElementArray, ElementArray],
    infers: boolean,
  ): Value {
    const { type } = constant;
    if ((type !== 'int64' && type !== 'int32') || data.length !== twin.length)
      throw refusal(node, `a constant of ${node.op} depends on its length`);
    let inferred = !infers;
    const parts = Array.from(data as ArrayLike<bigint | number>, (x, i): Value => {
      const y = twin[i] as bigint | number;
      if (x === y) return this.ints([Number(x)]);
      const free = this.multiple(Number(x), Number(y));
      if (free) return this.product(free, node);
      if (inferred) throw refusal(node, `${node.op} takes a part of it that is not a multiple of its length`);
      inferred = true;
      return this.ints([-1]);
    });
    const vector =
      parts.length === 1 ? (parts[0] as Value) : this.op('Concat', parts, [parts.length], { axis: 0 });
    return this.typed(vector, type, constant.shape);
  }

  /**
   * Numbers that count up to a multiple of free lengths, whatever their shape: tf.range, also in steps of a free length, as
   * the first row of each example has in a table of all rows.
   */
  private counted(
    node: Node,
    constant: Value,
    twin: Value,
    [data, other]: readonly [ElementArray, ElementArray],
  ): Value | undefined {
    const own = progression(data);
    const others = progression(other);
    const differing = constant.shape.flatMap((length, i) => (length === twin.shape[i] ? [] : [i]));
    const free = this.multiple(data.length, other.length);
    if (constant.type === 'bool' || !free || differing.length !== 1) return undefined;
    if (!own || own.start !== others?.start) return undefined;
    const stretched = own.step === others.step ? undefined : this.multiple(own.step, others.step);
    if (own.step !== others.step && !stretched) return undefined;
    const scalar = (vector: Value) => this.op('Squeeze', [vector], []);
    const step = scalar(stretched ? this.product(stretched, node) : this.ints([own.step]));
    const span = this.op('Mul', [scalar(this.product(free, node)), step], []);
    const start = scalar(this.ints([own.start]));
    const end = this.op('Add', [span, start], []);
    const range = this.op('Range', [start, end, step], [data.length]);
    return this.typed(
      range,
      constant.type,
      constant.shape,
      constant.shape.map((size, i) => (i === differing[0] ? -1 : size)),
    );
  }

  /** An int64 vector as another type and shape; `target` as a Reshape takes it. */
  private typed(vector: Value, type: Value['type'], shape: readonly number[], target = shape): Value {
    const cast =
      type === 'int64' ? vector : this.op('Cast', [vector], vector.shape, { to: onnxTypeCode[type] }, type);
    return shape.length === 1 ? cast : this.op('Reshape', [cast, this.ints(target)], shape, {}, type);
  }

  /** A multiple of free lengths, and some more, as an int64 vector of one element. */
  private product({ axes, factor, more }: Multiple, node: Node): Value {
    const [first, ...others] = axes.map((axis) => this.length(axis, node));
    const all = factor === 1 ? others : [...others, this.ints([factor])];
    const product = all.reduce((left, right) => this.op('Mul', [left, right], [1]), first as Value);
    return more === 0 ? product : this.op('Add', [product, this.ints([more])], [1]);
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
    for (const input of inputs) {
      const at = (this.axes.get(input.name) ?? []).indexOf(axis);
      if (at >= 0) return { input, at };
    }
    for (const input of inputs) {
      const twin = this.pairs.get(input) as Value;
      const at = input.shape.findIndex((length, i) => {
        const free = this.multiple(length, twin.shape[i]);
        return isAxis(free) && free.axes[0] === axis;
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

/** Whole numbers of equal steps other than 0; undefined for others. */
function progression(data: ElementArray): { readonly start: number; readonly step: number } | undefined {
  const values = data as Float32Array;
  const start = Number(values[0]);
  const step = Number(values[1]) - start;
  const counts = Number.isInteger(start) && Number.isInteger(step) && step !== 0;
  return counts && values.every((value, i) => Number(value) === start + i * step)
    ? { start, step }
    : undefined;
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

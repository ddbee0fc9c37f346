// Builds a graph node by node; each method infers the shape of what it makes. Lowerings use nothing else.
import type { Attribute, ElementArray, ElementType, Graph, Node, Origin, Value } from './graph.js';

type Attributes = Readonly<Record<string, Attribute>>;

export const onnxTypeCode: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** NumPy broadcasting of two shapes. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`internal: shapes [${a}] and [${b}] do not broadcast`);
    return x === 1 ? y : x;
  });
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

export class GraphBuilder {
  private readonly nodes: Node[] = [];
  private readonly inputs: Value[] = [];
  private readonly constants = new Map<Value, ElementArray>();
  private readonly constantsByKey = new Map<string, Value>();
  private readonly sharedByKey = new Map<string, Value>();
  private count = 0;
  /** Given to the nodes made from now on. */
  origin: Origin | undefined;

  private value(shape: readonly number[], type: ElementType, name = `t${this.count++}`): Value {
    return { name, shape, type };
  }

  input(name: string, shape: readonly number[], type: ElementType): Value {
    const value = this.value(shape, type, name);
    this.inputs.push(value);
    return value;
  }

  /** Any operator with one output. */
  op(
    op: string,
    inputs: readonly (Value | undefined)[],
    shape: readonly number[],
    type: ElementType,
    attributes: Attributes = {},
  ): Value {
    return this.ops(op, inputs, [{ shape, type }], attributes)[0] as Value;
  }

  /** Any operator with several outputs. */
  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly { readonly shape: readonly number[]; readonly type: ElementType }[],
    attributes: Attributes = {},
  ): Value[] {
    const values = outputs.map(({ shape, type }) => this.value(shape, type));
    this.nodes.push({ op, inputs, outputs: values, attributes, origin: this.origin });
    return values;
  }

  /** Small constants with the same content are one value. */
  constant(data: ElementArray, shape: readonly number[], type: ElementType): Value {
    if (data.length !== sizeOf(shape))
      throw new Error(`internal: ${data.length} elements for shape [${shape}]`);
    const key =
      data.length <= 64
        ? `${type}:${shape.join()}:${Array.from(data as ArrayLike<number | bigint>, (x) => (Object.is(x, -0) ? '-0' : String(x))).join()}`
        : undefined;
    const known = key === undefined ? undefined : this.constantsByKey.get(key);
    if (known) return known;
    const value = this.value(shape, type);
    this.constants.set(value, data);
    if (key !== undefined) this.constantsByKey.set(key, value);
    return value;
  }

  /** A value made once for all that ask for it by the same key; for constants too large to be compared. */
  shared(key: string, make: () => Value): Value {
    const known = this.sharedByKey.get(key);
    if (known) return known;
    const made = make();
    this.sharedByKey.set(key, made);
    return made;
  }

  /** A float32 scalar. */
  scalar(x: number): Value {
    return this.constant(Float32Array.of(x), [], 'float32');
  }

  /** An int64 vector: shapes, axes, starts. */
  ints(values: readonly number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], 'int64');
  }

  /** Elementwise, one input; `type` when it changes. */
  unary(op: string, x: Value, attributes: Attributes = {}, type: ElementType = x.type): Value {
    return this.op(op, [x], x.shape, type, attributes);
  }

  /** Elementwise with broadcasting; `type` for comparisons. */
  binary(op: string, a: Value, b: Value, type: ElementType = a.type): Value {
    return this.op(op, [a, b], broadcast(a.shape, b.shape), type);
  }

  cast(x: Value, type: ElementType): Value {
    return x.type === type ? x : this.op('Cast', [x], x.shape, type, { to: onnxTypeCode[type] });
  }

  reshape(x: Value, shape: readonly number[]): Value {
    if (x.shape.length === shape.length && x.shape.every((length, i) => length === shape[i])) return x;
    if (sizeOf(x.shape) !== sizeOf(shape)) throw new Error(`internal: reshape of [${x.shape}] to [${shape}]`);
    return this.op('Reshape', [x, this.ints(shape)], shape, x.type, { allowzero: 1 });
  }

  transpose(x: Value, perm: readonly number[]): Value {
    if (perm.every((axis, i) => axis === i)) return x;
    return this.op(
      'Transpose',
      [x],
      perm.map((axis) => x.shape[axis] as number),
      x.type,
      { perm },
    );
  }

  /** ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd over axes (none: the value itself). */
  reduce(op: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
    if (axes.length === 0) return x;
    const shape = x.shape.flatMap((length, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [length]));
    // ONNX Runtime 1.30 takes 35 times as long over axes 0 and 2 of [32, 1, 200, 256] as over 0, 1 and 2.
    const between = x.shape.flatMap((length, i) =>
      length === 1 && !axes.includes(i) && i > Math.min(...axes) && i < Math.max(...axes) ? [i] : [],
    );
    if (between.length > 0) return this.reshape(this.reduce(op, x, [...axes, ...between], false), shape);
    return this.op(op, [x, this.ints(axes)], shape, x.type, { keepdims: keepDims ? 1 : 0 });
  }

  concat(values: readonly Value[], axis: number): Value {
    const first = values[0] as Value;
    if (values.length === 1) return first;
    const total = values.reduce((sum, value) => sum + (value.shape[axis] as number), 0);
    return this.op(
      'Concat',
      values,
      first.shape.map((length, i) => (i === axis ? total : length)),
      first.type,
      { axis },
    );
  }

  /** Along each axis from `begin` (inclusive) in steps of `stride` (positive), `size` elements. */
  slice(
    x: Value,
    begin: readonly number[],
    size: readonly number[],
    stride: readonly number[] = size.map(() => 1),
  ): Value {
    const axes = x.shape
      .map((_, i) => i)
      .filter((i) => begin[i] !== 0 || size[i] !== x.shape[i] || stride[i] !== 1);
    if (axes.length === 0) return x;
    const at = (list: readonly number[]) => axes.map((axis) => list[axis] as number);
    const ends = axes.map(
      (axis) => (begin[axis] as number) + ((size[axis] as number) - 1) * (stride[axis] as number) + 1,
    );
    return this.op(
      'Slice',
      [x, this.ints(at(begin)), this.ints(ends), this.ints(axes), this.ints(at(stride))],
      size,
      x.type,
    );
  }

  /** Constant padding, [before, after] an axis. */
  pad(x: Value, padding: readonly (readonly [number, number])[], fill = 0): Value {
    if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
    const shape = x.shape.map((length, i) => length + (padding[i]?.[0] ?? 0) + (padding[i]?.[1] ?? 0));
    const pads = [...padding.map(([before]) => before), ...padding.map(([, after]) => after)];
    const value = x.type === 'float32' ? this.scalar(fill) : this.cast(this.scalar(fill), x.type);
    return this.op('Pad', [x, this.ints(pads), value], shape, x.type);
  }

  build(outputs: readonly Value[]): Graph {
    return { inputs: this.inputs, outputs, constants: this.constants, nodes: this.nodes };
  }
}

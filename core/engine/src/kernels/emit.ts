// Small pieces of graph that several lowerings share.
import { broadcast, sizeOf, type GraphBuilder } from '../graph/builder.js';
import type { ElementArray, ElementType, Value } from '../graph/graph.js';

/** An array of `length` elements of a type, all `fill`. */
export function filledArray(type: ElementType, length: number, fill: number): ElementArray {
  switch (type) {
    case 'float32':
      return new Float32Array(length).fill(fill);
    case 'int32':
      return new Int32Array(length).fill(fill);
    case 'bool':
      return new Uint8Array(length).fill(fill === 0 ? 0 : 1);
    case 'int64':
      return new BigInt64Array(length).fill(BigInt(fill));
  }
}

/** A scalar constant of any type. */
export function scalar(graph: GraphBuilder, fill: number, type: ElementType): Value {
  return graph.constant(filledArray(type, 1, fill), [], type);
}

/** A tensor of one repeated value. Larger ones are an Expand, which keeps the file small and is folded when loaded. */
export function filled(
  graph: GraphBuilder,
  shape: readonly number[],
  fill: number,
  type: ElementType,
): Value {
  const size = sizeOf(shape);
  if (size <= 64) return graph.constant(filledArray(type, size, fill), shape, type);
  return expand(graph, scalar(graph, fill, type), shape);
}

/** Broadcasts to a shape. */
export function expand(graph: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (x.shape.length === shape.length && x.shape.every((length, i) => length === shape[i])) return x;
  return graph.op('Expand', [x, graph.ints(shape)], shape, x.type);
}

/** Elementwise choice with broadcasting; both branches have one type. */
export function where(graph: GraphBuilder, condition: Value, yes: Value, no: Value): Value {
  const shape = broadcast(condition.shape, broadcast(yes.shape, no.shape));
  return graph.op('Where', [condition, yes, no], shape, yes.type);
}

/** Takes positions along an axis. `indices` are int32 or int64 and within range. */
export function gather(graph: GraphBuilder, x: Value, indices: Value, axis: number): Value {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return graph.op('Gather', [x, indices], shape, x.type, { axis });
}

/** A vector of int32 constants. */
export function int32s(graph: GraphBuilder, values: readonly number[]): Value {
  return graph.constant(Int32Array.from(values), [values.length], 'int32');
}

/** `size` elements of each axis from `begin` in steps of any sign but 0. */
export function stepSlice(
  graph: GraphBuilder,
  x: Value,
  begin: readonly number[],
  steps: readonly number[],
  size: readonly number[],
): Value {
  const axes = x.shape.flatMap((length, i) => {
    const whole = (begin[i] ?? 0) === 0 && (steps[i] ?? 1) === 1 && size[i] === length;
    return whole ? [] : [i];
  });
  if (axes.length === 0) return x;
  // ONNX counts negative ends from the back, so "past the first element" is the lowest number there is.
  const ends = axes.map((i) => {
    const last = (begin[i] ?? 0) + ((size[i] ?? 0) - 1) * (steps[i] ?? 1);
    const end = last + Math.sign(steps[i] ?? 1);
    return end < 0 ? -(2 ** 31) + 1 : end;
  });
  const at = (list: readonly number[]): Value => graph.ints(axes.map((i) => list[i] ?? 0));
  return graph.op('Slice', [x, at(begin), graph.ints(ends), graph.ints(axes), at(steps)], size, x.type);
}

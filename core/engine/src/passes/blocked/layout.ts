// Images with channels in blocks, as ONNX Runtime's own convolutions expect them: [batch, blocks, height, width, block].
// Between channels last and blocks stand two operators of ours, `To` and `From`, which move through the graph until they
// meet and cancel; what is left of them is written as ONNX Runtime's reorderings in the end.
import type { Node, Value } from '../../graph/graph.js';
import { ops } from '../../graph/blocked.js';
import type { Rewriting } from '../rewrite.js';

/** Reductions that can be done image by image first. */
export const inTwoTurns: ReadonlySet<string> = new Set(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin']);

export const toFirst = [0, 3, 1, 2];
export const toLast = [0, 2, 3, 1];

/** Whether a node is a transpose by that permutation. */
export function isTranspose(node: Node | undefined, perm: readonly number[]): node is Node {
  const own = node?.op === 'Transpose' ? (node.attributes.perm as readonly number[]) : undefined;
  return own?.join() === perm.join();
}

/** Channels with what fills the last block. */
export function filled(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

/** A channels-last image in blocks. */
export function emitTo(at: Rewriting, x: Value, block: number): Value {
  const [n = 0, h = 0, w = 0, c = 0] = x.shape;
  return at.emit(
    { op: ops.to, inputs: [x] },
    { shape: [n, Math.ceil(c / block), h, w, block], type: x.type },
  );
}

/** A blocked image channels last. */
export function emitFrom(at: Rewriting, x: Value, channels: number): Value {
  const [n = 0, , h = 0, w = 0] = x.shape;
  return at.emit(
    { op: ops.from, inputs: [x], attributes: { channels } },
    { shape: [n, h, w, channels], type: x.type },
  );
}

/** The blocked image behind a channels-last value whose blocks are all full. */
export function blockedBehind(at: Rewriting, x: Value | undefined): Value | undefined {
  const from = at.producer(x);
  const source = from?.op === ops.from ? from.inputs[0] : undefined;
  const [, blocks = 0, , , block = 0] = source?.shape ?? [];
  return source && blocks * block === x?.shape[3] ? source : undefined;
}

export function emitReshape(at: Rewriting, x: Value, shape: readonly number[]): Value {
  if (String(shape) === String(x.shape)) return x;
  return at.emit(
    { op: 'Reshape', inputs: [x, at.ints(shape)], attributes: { allowzero: 1 } },
    { shape, type: x.type },
  );
}

export function emitTranspose(at: Rewriting, x: Value, perm: readonly number[]): Value {
  if (perm.every((axis, i) => axis === i)) return x;
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  return at.emit({ op: 'Transpose', inputs: [x], attributes: { perm } }, { shape, type: x.type });
}

/** Zeros after the last element of axes. */
export function emitPad(at: Rewriting, x: Value, after: readonly number[]): Value {
  if (after.every((n) => n === 0)) return x;
  const zero = at.make(Float32Array.of(0), [], 'float32');
  return at.emit(
    { op: 'Pad', inputs: [x, at.ints([...x.shape.map(() => 0), ...after]), zero] },
    { shape: x.shape.map((n, i) => n + (after[i] ?? 0)), type: x.type },
  );
}

/** The attributes of a Conv or a pool that its blocked twin has too. */
export function windowAttributes({ attributes }: Node): Node['attributes'] {
  return Object.fromEntries(
    [
      'kernel_shape',
      'strides',
      'dilations',
      'pads',
      'group',
      'count_include_pad',
      'ceil_mode',
      'auto_pad',
    ].flatMap((name) => {
      const value = attributes[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

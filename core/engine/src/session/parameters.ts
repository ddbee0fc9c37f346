// Variables and optimiser slots in double buffers: a step reads the current ones and writes the next.
import type * as ort from '../onnx-runtime.js';
import type { HostTensor } from '../host-tensor.js';
import { emptyTensor, toOrt } from './host.js';

interface Buffers {
  current: HostTensor;
  currentOrt: ort.Tensor;
  /** Made when a step first changes the parameter: frozen ones need no second buffer. */
  next: HostTensor | undefined;
  nextOrt: ort.Tensor | undefined;
}

/** Parameters by the name of their graph input. */
export class Parameters {
  private readonly buffers = new Map<string, Buffers>();

  /** Takes over `tensor` as the current buffer. */
  add(input: string, tensor: HostTensor): void {
    this.buffers.set(input, {
      current: tensor,
      currentOrt: toOrt(tensor),
      next: undefined,
      nextOrt: undefined,
    });
  }

  private of(input: string): Buffers {
    const buffers = this.buffers.get(input);
    if (!buffers) throw new Error(`internal: no parameter ${input}`);
    return buffers;
  }

  has(input: string): boolean {
    return this.buffers.has(input);
  }

  /** What a run reads. */
  feed(input: string): ort.Tensor {
    return this.of(input).currentOrt;
  }

  /** What a run writes. */
  fetch(input: string): ort.Tensor {
    const buffers = this.of(input);
    buffers.next ??= emptyTensor(buffers.current.dtype, buffers.current.shape);
    return (buffers.nextOrt ??= toOrt(buffers.next));
  }

  /** Makes what was written current. */
  swap(inputs: Iterable<string>): void {
    for (const input of inputs) {
      const buffers = this.of(input);
      const { current, currentOrt, next, nextOrt } = buffers;
      if (!next || !nextOrt) throw new Error(`internal: ${input} was never written`);
      Object.assign(buffers, { current: next, currentOrt: nextOrt, next: current, nextOrt: currentOrt });
    }
  }

  /** Bytes of the buffers whose input `which` holds for; `changed` as if a step had changed those. */
  bytes(which: (input: string) => boolean, changed: ReadonlySet<string> = new Set()): number {
    let sum = 0;
    for (const [input, { current, next }] of this.buffers)
      if (which(input)) sum += current.data.byteLength * (next || changed.has(input) ? 2 : 1);
    return sum;
  }

  /** The current value; not a copy. */
  value(input: string): HostTensor {
    return this.of(input).current;
  }

  /** Makes the current value zeros. */
  clear(input: string): void {
    this.of(input).current.data.fill(0);
  }

  /** Overwrites the current value. */
  set(input: string, tensor: HostTensor): void {
    this.of(input).current.data.set(tensor.data);
  }
}

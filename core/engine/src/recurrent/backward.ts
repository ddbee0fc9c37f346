// The gradient of a recorded scan: a scan in the other direction, and what can be done for all steps at once.
import * as tf from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernels/rule.js';
import { scanKernel, type ScanAttributes } from '../kernels/scan.js';
import { tensorOfRecorded } from '../record/nested.js';
import { Recorded, type TapedKernel } from '../record/tape.js';
import { bodyGraph } from './body.js';
import { operandsOf, type Plan, resolved, type Term } from './plan.js';
import type { TracedCell } from './trace.js';

/** A scan as it was recorded. */
export interface ScanCall {
  readonly table: KernelTable;
  readonly traced: TracedCell;
  readonly plan: Plan;
  readonly attributes: ScanAttributes;
  /** Operands: the state, the sequences, the constants. */
  readonly inputs: readonly Recorded[];
  /** The last state, what the steps gave, what was saved (unless it is given anyway). */
  readonly outputs: readonly Recorded[];
  /** Where among the outputs a value of each step stands. */
  readonly stacked: ReadonlyMap<Recorded, number>;
}

/** The loss's gradient by each operand, from those by each output; undefined where the outputs do not depend on it. */
export function backward(call: ScanCall, dys: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
  const run = new Backward(call, dys);
  return run.gradients();
}

class Backward {
  private readonly replaced = new Map<Recorded, Recorded>();
  /** Sequences of the backward scan: placeholder and tensor. */
  private readonly read: { readonly part: Recorded; readonly all: tf.Tensor }[] = [];
  /** State of the backward scan: what it becomes in a step, and what it starts from. */
  private readonly state: {
    readonly before: Recorded;
    readonly after: Recorded;
    readonly start: tf.Tensor;
  }[] = [];
  private readonly given: Recorded[] = [];
  /** Tensors of all steps by the value of one, before and after the backward scan. */
  private readonly known = new Map<Recorded, tf.Tensor>();

  constructor(
    private readonly call: ScanCall,
    private readonly dys: readonly tf.Tensor[],
  ) {}

  gradients(): (tf.Tensor | undefined)[] {
    const { traced, plan, inputs } = this.call;
    const { states, sequences } = traced;
    this.readForward();
    this.readCotangents();
    const stateAt = this.addState();
    const sums = plan.terms.map((terms, i) =>
      this.addSums(terms, traced.inputs[states + sequences + i] as Recorded),
    );
    const wanted = [
      ...traced.gradients.slice(states, states + sequences),
      ...plan.terms.flat().flatMap((term) => (term.kind === 'rest' ? [] : operandsOf(term))),
    ];
    for (const one of wanted) {
      const value = one && resolved(one);
      if (value && !this.known.has(value) && !this.given.includes(value)) this.given.push(value);
    }
    const results = this.run();
    this.given.forEach((value, i) => this.known.set(value, results[this.state.length + i] as tf.Tensor));
    return inputs.map((input, i) => {
      if (i < states) {
        const at = stateAt[i];
        return at === undefined ? undefined : results[at];
      }
      if (i < states + sequences) {
        const gradient = traced.gradients[i];
        return gradient ? this.known.get(resolved(gradient)) : undefined;
      }
      const at = i - states - sequences;
      const parts = (plan.terms[at] ?? []).flatMap((term) => this.evaluate(term));
      const sum = sums[at];
      if (sum !== undefined) parts.push(results[sum] as tf.Tensor);
      if (parts.length === 0) return undefined;
      return tf.addN(parts.map((part) => tf.reshape(part, [...input.shape])));
    });
  }

  /** Sequences, and what the forward scan saved. */
  private readForward(): void {
    const { traced, stacked, outputs, inputs } = this.call;
    traced.inputs.slice(traced.states, traced.states + traced.sequences).forEach((part, i) => {
      this.readAs(part, part, this.tensor(inputs[traced.states + i]));
    });
    [...stacked].forEach(([value, index], i) => {
      const part =
        value.source.kind === 'input' ? value : placeholder(`saved:${i}`, value.shape, value.dtype);
      this.readAs(value, part, this.tensor(outputs[index]));
    });
  }

  /** TF.js has disposed of the tensors of the forward pass; what was recorded is still there. */
  private tensor(recorded: Recorded | undefined): tf.Tensor {
    return tensorOfRecorded(this.call.table, recorded as Recorded);
  }

  /** Gradients by what each step gave. Those that are zero, as nothing used the output, are constants. */
  private readCotangents(): void {
    const { states, cotangents } = this.call.traced;
    cotangents.slice(states).forEach((part, i) => {
      const dy = this.dys[states + i] as tf.Tensor;
      if (!part) return;
      if (isZero(dy)) this.replaced.set(part, constant(part.shape, 0));
      else this.readAs(part, part, dy);
    });
  }

  private readAs(value: Recorded, part: Recorded, all: tf.Tensor): void {
    if (part !== value) this.replaced.set(value, part);
    this.read.push({ part, all });
    this.known.set(value, all);
  }

  /** The gradient by the state; gives where among the results each stands. */
  private addState(): (number | undefined)[] {
    const { states, cotangents, gradients } = this.call.traced;
    return cotangents.slice(0, states).map((before, i) => {
      if (!before) return undefined;
      const after = gradients[i] ?? constant(before.shape, 0);
      return this.state.push({ before, after, start: this.dys[i] as tf.Tensor }) - 1;
    });
  }

  /** Terms that have to be summed step by step; gives where among the results the sum stands. */
  private addSums(terms: readonly Term[], { shape }: Recorded): number | undefined {
    const values = terms.flatMap((term) => (term.kind === 'rest' ? [term.value] : []));
    if (values.length === 0) return undefined;
    const before = placeholder(`sum:${this.state.length}`, shape, 'float32');
    const after = values.reduce(
      (sum, value) =>
        kernelResult('Add', { a: sum, b: kernelResult('Reshape', { x: value }, shape, { shape }) }, shape),
      before,
    );
    return this.state.push({ before, after, start: tf.zeros([...shape]) }) - 1;
  }

  private run(): tf.Tensor[] {
    const { table, traced, attributes, inputs } = this.call;
    if (this.state.length + this.given.length === 0) return [];
    const first = traced.states + traced.sequences;
    const body = bodyGraph(
      table,
      [
        ...this.state.map(({ before }) => before),
        ...this.read.map(({ part }) => part),
        ...traced.inputs.slice(first),
      ],
      [...this.state.map(({ after }) => after), ...this.given],
      this.replaced,
    );
    const operands = [
      ...this.state.map(({ start }) => start),
      ...this.read.map(({ all }) => all),
      ...inputs.slice(first).map((input) => this.tensor(input)),
    ];
    return runScan(operands, {
      body,
      states: this.state.length,
      sequences: this.read.length,
      length: attributes.length,
      reverse: !attributes.reverse,
    });
  }

  /** A term from what is known of all steps; nothing where an operand is zero. */
  private evaluate(term: Term): tf.Tensor[] {
    if (term.kind === 'rest') return [];
    const [first, second] = operandsOf(term).map((value) => this.known.get(value));
    if (!first) return [];
    if (term.kind === 'sum') return [tf.sum(first, [0, ...term.axes.map((axis) => axis + 1)])];
    if (!second) return [];
    const rows = (x: tf.Tensor): tf.Tensor2D => {
      const [steps = 0, batch = 0, width = 0] = x.shape;
      return tf.reshape(x, [steps * batch, width]);
    };
    return [tf.matMul(rows(first), rows(second), true)];
  }
}

/** Runs the kernel; only while a step is recorded. */
export function runScan(operands: readonly tf.Tensor[], attributes: ScanAttributes): tf.Tensor[] {
  const inputs: tf.NamedTensorMap = Object.fromEntries(operands.map((operand, i) => [i, operand]));
  // TF.js passes attributes through; its type lists the kinds that its own kernels have.
  return tf
    .engine()
    .runKernel(scanKernel, inputs, attributes as unknown as tf.NamedAttrMap) as unknown as tf.Tensor[];
}

function isZero({ dataId }: tf.Tensor): boolean {
  if (!(dataId instanceof Recorded)) return false;
  const { source } = resolved(dataId);
  return source.kind === 'constant' && 'fill' in source.data && source.data.fill === 0;
}

function placeholder(name: string, shape: readonly number[], dtype: Recorded['dtype']): Recorded {
  return new Recorded(shape, dtype, { kind: 'input', name });
}

function constant(shape: readonly number[], fill: number): Recorded {
  return new Recorded(shape, 'float32', { kind: 'constant', data: { fill } });
}

/** What a kernel of one float32 output gives. */
function kernelResult(
  kernel: string,
  inputs: TapedKernel['inputs'],
  shape: readonly number[],
  attributes: TapedKernel['attributes'] = {},
): Recorded {
  const outputs: Recorded[] = [];
  const taped: TapedKernel = { kernel, inputs, attributes, outputs, line: () => undefined };
  outputs.push(new Recorded(shape, 'float32', { kind: 'kernel', kernel: taped, index: 0 }));
  return outputs[0] as Recorded;
}

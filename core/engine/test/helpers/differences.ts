// Gradients of the engine against central differences of TF.js's forward pass in double precision.
import * as tf from '@tensorflow/tfjs';
import { ort } from '@potstill/engine';
import { expect } from 'vitest';
import { type HostTensor, randomStream } from '@potstill/engine';
import { sizeOf } from '../../src/graph/builder.js';
import { withCorrections } from '../../src/eager/corrections/index.js';
import { withGradients } from '../../src/kernels/gradients/install.js';
import { kernelTable } from '../../src/kernels/index.js';
import type { KernelTable } from '../../src/kernels/rule.js';
import { improve } from '../../src/passes/index.js';
import { recordForward } from '../../src/record/forward.js';
import { lower } from '../../src/record/lower.js';
import { compile } from '../../src/session/program.js';
import { doubles, inFloat64 } from './float64.js';
import { visit, visitGradient } from './visits.js';

/** A differentiable function at one point. */
export interface Case {
  /** Named in failures. */
  readonly name: string;
  /** Float32 inputs are differentiated, unless `fixed` lists their index. */
  readonly inputs: readonly HostTensor[];
  readonly fixed?: readonly number[];
  /** Pure TF.js. Of several outputs the float32 ones count. */
  op(this: void, ...inputs: tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
  /** The function whose derivative TF.js takes for the gradient, where that is not `op` itself. */
  derivativeOf?(this: void, ...inputs: tf.Tensor[]): tf.Tensor | readonly tf.Tensor[];
  /** The most that a derivative may be off, relative to the gradient's norm (or largest element). Default 1e-3. */
  readonly relative?: number;
}

/** Notes every rule that lowers a recording. */
const noted: KernelTable = Object.fromEntries(
  Object.entries(kernelTable).map(([name, rule]) => [
    name,
    {
      shapes: (inputs, attributes) => rule.shapes(inputs, attributes),
      lower: (at) => {
        const before = at.graph.build([]).nodes.length;
        const values = rule.lower(at);
        const inputs = Object.fromEntries(
          Object.entries(at.inputs).map(([key, value]) => [
            key,
            value && { shape: value.shape, dtype: value.type as HostTensor['dtype'] },
          ]),
        );
        const operators = at.graph
          .build([])
          .nodes.slice(before)
          .map(({ op }) => op);
        visit('differences', name, { inputs, outputs: at.outputs, attributes: at.attributes, operators });
        return values;
      },
    },
  ]),
);

/** Runs `body` with the gradients that a training step has, noting those that are reached. */
function withNotedGradients<T>(body: () => T): T {
  return withGradients(() => {
    const before = Object.keys(kernelTable).flatMap((kernelName) => {
      const config = tf.getGradient(kernelName) as ReturnType<typeof tf.getGradient> | undefined;
      return config ? [config] : [];
    });
    for (const config of before)
      tf.registerGradient({
        ...config,
        gradFunc: (dy, saved, attributes) => {
          visitGradient(config.kernelName);
          return config.gradFunc(dy, saved, attributes);
        },
      });
    try {
      return body();
    } finally {
      for (const config of before) tf.registerGradient(config);
    }
  });
}

const step = 1e-5;
/** Inputs of more elements are probed at some of them, and along random directions. */
const few = 12;

const listOf = (outputs: tf.Tensor | readonly tf.Tensor[]): readonly tf.Tensor[] =>
  outputs instanceof tf.Tensor ? [outputs] : outputs;
const differentiable = (outputs: tf.Tensor | readonly tf.Tensor[]): tf.Tensor[] =>
  listOf(outputs).filter(({ dtype }) => dtype === 'float32');
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);
const largest = (data: ArrayLike<number>): number =>
  Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** Draws, the same for the same case. */
const drawsOf = (name: string) => randomStream(99).child(name);

/** Indices of the inputs that are differentiated. */
const wrt = ({ inputs, fixed = [] }: Case): number[] =>
  inputs.flatMap(({ dtype }, i) => (dtype === 'float32' && !fixed.includes(i) ? [i] : []));

/** What TF.js computes in doubles. */
interface Reference {
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: Float64Array }[];
  /** Sum of outputs times cotangents, with inputs replaced. */
  loss(replaced: ReadonlyMap<number, Float64Array>): number;
}

function referenceOf(
  { inputs, op }: Pick<Case, 'inputs' | 'op'>,
  cotangents: readonly HostTensor[] = [],
): Reference {
  const run = (replaced: ReadonlyMap<number, Float64Array>): Reference['outputs'] => {
    tf.engine().startScope();
    try {
      const tensors = inputs.map(({ dtype, shape, data }, i) =>
        dtype === 'float32' ? doubles(replaced.get(i) ?? data, shape) : tf.tensor(data, [...shape], dtype),
      );
      return differentiable(withCorrections('cpu', () => op(...tensors))).map((output) => ({
        shape: output.shape,
        data: Float64Array.from(output.dataSync()),
      }));
    } finally {
      tf.engine().endScope();
    }
  };
  return {
    outputs: run(new Map()),
    loss: (replaced) =>
      run(replaced).reduce((sum, { data }, k) => sum + dot(data, cotangents[k]?.data ?? []), 0),
  };
}

const cotangentsOf = (at: Case, shapes: readonly (readonly number[])[]): HostTensor[] =>
  shapes.map((shape, k) => ({
    dtype: 'float32',
    shape,
    data: drawsOf(at.name).child(`dy${k}`).normal(sizeOf(shape)),
  }));

interface Computed {
  readonly outputs: readonly HostTensor[];
  readonly gradients: readonly HostTensor[];
}

/** Values and gradients of a case on TF.js's current backend. */
function differentiate(
  at: Case,
  inputs: readonly tf.Tensor[],
  dys: readonly tf.Tensor[],
): { readonly values: readonly tf.Tensor[]; readonly gradients: readonly tf.Tensor[] } {
  const indices = wrt(at);
  const put = (values: readonly tf.Tensor[]): readonly tf.Tensor[] =>
    inputs.map((input, i) => (indices.includes(i) ? (values[indices.indexOf(i)] as tf.Tensor) : input));
  const of = indices.map((i) => inputs[i] as tf.Tensor);
  const loss = (...x: tf.Tensor[]): tf.Tensor =>
    tf.addN(differentiable(at.op(...put(x))).map((y, k) => tf.sum(tf.mul(y, dys[k] as tf.Tensor))));
  const gradients = withNotedGradients(() =>
    dys.length === 1
      ? tf.grads((...x) => differentiable(at.op(...put(x)))[0] as tf.Tensor)(of, dys[0])
      : tf.grads(loss)(of),
  );
  return { values: differentiable(at.op(...inputs)), gradients };
}

/** Values and gradients of all cases by one graph, made as a training step is made. */
async function computeByEngine(
  cases: readonly Case[],
  cotangents: readonly HostTensor[][],
): Promise<Computed[]> {
  const feeds: Record<string, HostTensor> = {};
  cases.forEach(({ inputs }, c) => {
    inputs.forEach((input, i) => (feeds[`${c}/x${i}`] = input));
    cotangents[c]?.forEach((dy, k) => (feeds[`${c}/dy${k}`] = dy));
  });
  const recorded = recordForward(
    kernelTable,
    [],
    (tensors) => {
      const outputs: Record<string, tf.Tensor> = {};
      cases.forEach((at, c) => {
        const { values, gradients } = differentiate(
          at,
          at.inputs.map((_, i) => tensors[`${c}/x${i}`] as tf.Tensor),
          (cotangents[c] ?? []).map((_, k) => tensors[`${c}/dy${k}`] as tf.Tensor),
        );
        values.forEach((value, k) => (outputs[`${c}/y${k}`] = value));
        gradients.forEach((gradient, n) => (outputs[`${c}/d${n}`] = gradient));
      });
      return outputs;
    },
    feeds,
  );
  const graph = improve(
    lower(
      noted,
      recorded.map(({ value }) => value),
    ),
  );
  const program = await compile(graph, { threads: 1, weights: 'input', activations: 0 });
  try {
    const results = await program.run(
      Object.fromEntries(
        program.inputs.map((input) => {
          const { dtype, shape, data } = feeds[input.replace('input:', '')] as HostTensor;
          return [input, new ort.Tensor(dtype, data, shape)];
        }),
      ),
      program.outputs,
    );
    const byName = new Map(
      recorded.map(({ name }, n) => {
        const { dims, data } = results[program.outputs[n] as string] as ort.Tensor;
        return [name, { dtype: 'float32', shape: dims, data: data as Float32Array } as const];
      }),
    );
    const all = (prefix: string): HostTensor[] =>
      [...byName].flatMap(([name, tensor]) => (name.startsWith(prefix) ? [tensor] : []));
    return cases.map((_, c) => ({ outputs: all(`${c}/y`), gradients: all(`${c}/d`) }));
  } finally {
    await program.dispose();
  }
}

/** The same by TF.js alone, on its cpu backend. */
function computeByTfjs(cases: readonly Case[], cotangents: readonly HostTensor[][]): Computed[] {
  const tensorOf = ({ dtype, shape, data }: HostTensor): tf.Tensor =>
    dtype === 'float32' ? doubles(data, shape) : tf.tensor(data, [...shape], dtype);
  const read = (tensor: tf.Tensor): HostTensor => ({
    dtype: 'float32',
    shape: tensor.shape,
    data: tensor.dataSync<'float32'>().slice(),
  });
  return inFloat64(() =>
    cases.map((at, c) => {
      const { values, gradients } = differentiate(
        at,
        at.inputs.map(tensorOf),
        (cotangents[c] ?? []).map(tensorOf),
      );
      return { outputs: values.map(read), gradients: gradients.map(read) };
    }),
  );
}

/** Directions in which an input of `size` elements is probed: single elements, then random ones. */
function directionsOf(size: number, name: string): { label: string; direction: Float64Array }[] {
  const random = drawsOf(name);
  const elements =
    size <= few
      ? Array.from({ length: size }, (_, i) => i)
      : [...new Set([0, size - 1, ...Array.from({ length: 6 }, (_, i) => random.integer(size, i))])];
  const single = elements.map((element) => ({
    label: `element ${element}`,
    direction: Float64Array.from({ length: size }, (_, i) => (i === element ? 1 : 0)),
  }));
  const mixed = Array.from({ length: size <= few ? 0 : 3 }, (_, n) => ({
    label: `direction ${n}`,
    direction: Float64Array.from(random.child(`direction${n}`).normal(size)),
  }));
  return [...single, ...mixed];
}

/** The derivatives of a case that do not hold, in words. */
function wrongDerivatives(at: Case, reference: Reference, gradients: readonly HostTensor[]): string[] {
  const { name, relative = 1e-3 } = at;
  return wrt(at).flatMap((index, n) => {
    const { shape, data } = at.inputs[index] as HostTensor;
    const gradient = gradients[n];
    if (String(gradient?.shape) !== String(shape))
      return [`${name}: the gradient of input ${index} is [${gradient?.shape}], the input [${shape}]`];
    const exact = gradient?.data ?? [];
    const norm = Math.sqrt(dot(exact, exact));
    return directionsOf(data.length, `${name}/${index}`).flatMap(({ label, direction }) => {
      const moved = (by: number): number =>
        reference.loss(
          new Map([[index, Float64Array.from(data, (x, i) => x + by * (direction[i] as number))]]),
        );
      const difference = (moved(step) - moved(-step)) / (2 * step);
      const derivative = dot(exact, direction);
      const slack = relative * Math.max(label.startsWith('element') ? largest(exact) : norm, 1e-2);
      return Math.abs(derivative - difference) <= slack
        ? []
        : [
            `${name}: ${label} of input ${index} [${shape}]: gradient ${derivative}, differences ${difference}`,
          ];
    });
  });
}

function wrongValues({ name }: Case, reference: Reference, outputs: readonly HostTensor[]): string[] {
  return reference.outputs.flatMap(({ shape, data }, k) => {
    const got = outputs[k];
    if (String(got?.shape) !== String(shape))
      return [`${name}: output ${k} is [${got?.shape}], TF.js has [${shape}]`];
    const slack = 1e-4 * Math.max(largest(data), 0.1);
    return Array.from(data).flatMap((value, i) =>
      Math.abs(value - (got?.data[i] as number)) <= slack
        ? []
        : [`${name}: element ${i} of output ${k} [${shape}] is ${got?.data[i]}, TF.js has ${value}`],
    );
  });
}

/** What is wrong with values and gradients of the cases, in words; empty when all hold. `by`: whose they are. */
export async function findWrong(cases: readonly Case[], by: 'engine' | 'tfjs' = 'engine'): Promise<string[]> {
  const shapes = inFloat64(() => cases.map((at) => referenceOf(at).outputs.map(({ shape }) => shape)));
  const cotangents = cases.map((at, c) => cotangentsOf(at, shapes[c] ?? []));
  const computed =
    by === 'engine' ? await computeByEngine(cases, cotangents) : computeByTfjs(cases, cotangents);
  return inFloat64(() =>
    cases.flatMap((at, c) => {
      const { outputs, gradients } = computed[c] as Computed;
      const derived = referenceOf({ ...at, op: at.derivativeOf ?? at.op }, cotangents[c]);
      return [...wrongValues(at, referenceOf(at), outputs), ...wrongDerivatives(at, derived, gradients)];
    }),
  );
}

/** Fails unless the engine's values are TF.js's and its gradients are the derivatives of those values. */
export async function expectTrueGradients(cases: readonly Case[]): Promise<void> {
  expect(await findWrong(cases)).toEqual([]);
}

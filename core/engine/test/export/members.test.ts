// Every network of the suite, trained a little, exported and run by ONNX Runtime beside the student on TF.js's cpu backend.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createEngine,
  exportOnnx,
  type Forward,
  type HostTensor,
  type HostTensors,
  type NamedVariable,
  type OnnxGraph,
  ort,
  randomStream,
  readOnnxModel,
  sgd,
} from '@potstill/engine';
import { everyMember } from '../../../../bench/members/index.js';
import type { Network } from '../../../../bench/members/member.js';

const onnx = await createEngine({ threads: 1 });
const cpu = await createEngine({ backend: 'cpu' });
afterAll(() => Promise.all([onnx.dispose(), cpu.dispose()]));

/** Inputs that only the loss sees. */
const lossOnly = new Set(['label', 'teacher', 'box', 'known']);

interface Student {
  readonly variables: readonly NamedVariable[];
  readonly forward: Forward;
}

/** The network after a few updates, so that its running statistics are not those it starts with. */
async function trained(network: Network): Promise<Student> {
  const byName = new Map(
    Object.entries(network.weights).map(([name, { value }]) => [
      name,
      tf.variable(tf.tensor(value.data.slice(), [...value.shape], value.dtype)),
    ]),
  );
  const weight = (name: string): tf.Variable => byName.get(name) as tf.Variable;
  const variables = Object.entries(network.weights).map(([name, { trainable }]) => ({
    name,
    variable: weight(name),
    trainable,
  }));
  const session = await onnx.training({
    variables,
    optimizer: sgd({ momentum: 0.9 }),
    random: randomStream(1),
    loss: (inputs, at) => network.loss(inputs, weight, at),
  });
  for (let i = 0; i < 3; i++) await session.train(network.batch(i), { rate: network.rate });
  await session.sync();
  await session.dispose();
  return { variables, forward: (inputs, at) => network.forward(inputs, weight, at) };
}

/** What the student sees of a batch. */
function seen(batch: HostTensors): [string, HostTensor][] {
  return Object.entries(batch).filter(([name]) => !lossOnly.has(name));
}

/** Free axes of the graphs' inputs; all others have `batch`. */
const axes: Readonly<Record<string, string>> = { source: 'edges', target: 'edges', weight: 'edges' };

/** The rows of a tensor that are kept. */
function rows(tensor: HostTensor, keep: (row: number) => boolean): HostTensor {
  const [all = 0, ...rest] = tensor.shape;
  const width = tensor.data.length / all;
  const kept = Array.from({ length: all }, (_, i) => i).filter(keep);
  const data = tensor.data.filter((_, i) => keep(Math.floor(i / width)));
  return { ...tensor, shape: [kept.length, ...rest], data } as HostTensor;
}

/** The first `count` examples, or the graph of the first `count` nodes. */
function first(inputs: readonly (readonly [string, HostTensor])[], count: number): HostTensors {
  const { source, target } = Object.fromEntries(inputs);
  const within = (edge: number): boolean =>
    Number(source?.data[edge]) < count && Number(target?.data[edge]) < count;
  return Object.fromEntries(
    inputs.map(([name, tensor]) => [
      name,
      rows(tensor, axes[name] === 'edges' ? within : (row) => row < count),
    ]),
  );
}

/** Initializers that nothing reads, in a graph and in those within its nodes. */
function unread(graph: OnnxGraph | null | undefined): string[] {
  const nodes = graph?.node ?? [];
  const bodies = nodes.flatMap(({ attribute = [] }) => attribute.flatMap(({ g }) => (g ? [g] : [])));
  const reads = (part: OnnxGraph | null | undefined): string[] => [
    ...(part?.output ?? []).map(({ name }) => String(name)),
    ...(part?.node ?? []).flatMap(({ input = [], attribute = [] }) => [
      ...input,
      ...attribute.flatMap(({ g }) => (g ? reads(g) : [])),
    ]),
  ];
  const read = new Set(reads(graph));
  const own = (graph?.initializer ?? []).map(({ name }) => String(name)).filter((name) => !read.has(name));
  return [...own, ...bodies.flatMap((body) => unread(body))];
}

describe('exportOnnx', () => {
  it.each(everyMember.map((member) => [member.name, member]))('writes %s', async (_, member) => {
    const network = member.make('small');
    const student = await trained(network);
    const inputs = seen(network.batch(7));
    const bytes = await exportOnnx({
      ...student,
      inputs: Object.fromEntries(
        inputs.map(([name, { dtype, shape }]) => [
          name,
          { dtype, shape: shape.slice(1), axis: axes[name] ?? 'batch' },
        ]),
      ),
    });
    expect(unread(readOnnxModel(bytes).graph)).toEqual([]);
    // For test/onnx_check.py.
    const folder = process.env.POTSTILL_EXPORTS;
    if (folder) writeFileSync(join(folder, `${member.name}.onnx`), bytes);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const predictor = await cpu.predictor(student);
    const [most = 0] = inputs[0]?.[1].shape ?? [];
    for (const count of [Math.ceil(most / 2), most]) {
      const some = first(inputs, count);
      const expected = await predictor.run(some);
      const got = await session.run(
        Object.fromEntries(
          Object.entries(some).map(([name, { dtype, shape, data }]) => [
            name,
            new ort.Tensor(dtype, data, shape),
          ]),
        ),
      );
      expect(Object.keys(got)).toEqual(Object.keys(expected));
      for (const [name, { data, shape }] of Object.entries(expected)) {
        expect(got[name]?.dims).toEqual(shape);
        const largest = Math.max(...Array.from(data, Math.abs));
        const off = Math.max(...Array.from(data, (x, i) => Math.abs(x - Number(got[name]?.data[i]))));
        expect(off).toBeLessThan(1e-5 * largest);
      }
    }
    await session.release();
    for (const { variable } of student.variables) variable.dispose();
  });
});

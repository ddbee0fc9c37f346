// Kernels on infinities, NaN, zeros of both signs, whole numbers below zero, and divisions by zero.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { kernelSubjects } from '../../src/kernels/index.js';
import { holdVisits } from '../helpers/visits.js';
import { kernel, record, runLowered } from './golden.js';

const values = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2.5, -2.5, 3, 7, -7];
const whole = [-7, -2, -1, 0, 1, 2, 3, 9];

const floats = (list: number[]) => tf.tensor1d(list, 'float32');
const ints = (list: number[]) => tf.tensor1d(list, 'int32');
const bools = (list: number[]) => tf.tensor1d(list, 'bool');
/** All pairs of two lists, but for those left out. */
const pairs = (list: number[], leave: (a: number, b: number) => boolean = () => false) => {
  const all = list.flatMap((a) => list.map((b) => [a, b] as const)).filter(([a, b]) => !leave(a, b));
  return [all.map(([a]) => a), all.map(([, b]) => b)] as const;
};

const attributes: Readonly<Record<string, Record<string, unknown>>> = {
  ClipByValue: { clipValueMin: -1, clipValueMax: 2 },
  LeakyRelu: { alpha: 0.1 },
  Step: { alpha: 0.3 },
};
const unary = Object.keys(kernelSubjects['Elementwise, one operand']);
const logical = ['LogicalAnd', 'LogicalOr', 'LogicalXor', 'BitwiseAnd'];
const binary = Object.keys(kernelSubjects['Elementwise, two operands']).filter(
  (name) => !logical.includes(name),
);

/** Of a kernel on the cpu backend, what the engine's lowering gives. */
async function ours(name: string, inputs: Record<string, tf.Tensor>, given = {}): Promise<number[]> {
  const [call] = record(() => tf.engine().runKernel(name, inputs, given));
  if (!call) throw new Error(`${name} was not called`);
  const [result] = await runLowered(call);
  return Array.from(result?.data ?? []);
}

describe('kernels on values at the edge', () => {
  it.each(unary)('%s agrees with TF.js', async (name) => {
    // The sign of NaN: see departures.
    const x = name === 'Sign' ? values.slice(1) : values;
    await kernel(name, { x: floats(x) }, attributes[name]);
  });

  it.each([
    'Abs',
    'Ceil',
    'ClipByValue',
    'Cos',
    'Elu',
    'Exp',
    'Floor',
    'IsFinite',
    'IsInf',
    'IsNan',
    'Neg',
    'Relu',
    'Relu6',
    'Round',
    'Selu',
    'Sign',
    'Sin',
    'Square',
  ])('%s of whole numbers agrees with TF.js, below zero too', async (name) => {
    await kernel(name, { x: ints(whole) }, attributes[name]);
  });

  it.each(binary)('%s of all pairs agrees with TF.js', async (name) => {
    const infinite = (x: number) => Math.abs(x) === Infinity;
    const departing: Record<string, (a: number, b: number) => boolean> = {
      Atan2: (a, b) => (infinite(a) && infinite(b)) || Object.is(a, -0) || Object.is(b, -0),
      Pow: (a, b) => Math.abs(a) === 1 && (Number.isNaN(b) || infinite(b)),
      // An int32 comes out, which holds neither.
      FloorDiv: (a, b) => !Number.isFinite(Math.floor(a / b)),
    };
    const [a, b] = pairs(values, departing[name]);
    await kernel(name, { a: floats(a), b: floats(b) });
  });

  it.each(binary)('%s of all pairs of whole numbers agrees with TF.js', async (name) => {
    const divides = ['FloorDiv', 'Mod', 'RealDiv'].includes(name);
    const [a, b] = pairs(whole, (x, y) => (divides && y === 0) || (name === 'Pow' && x === 0 && y < 0));
    await kernel(name, { a: ints(a), b: ints(b) });
  });

  it('reductions of infinities agree, sums and products of NaN too', async () => {
    const rows = tf.tensor2d([1, NaN, 3, 1, -Infinity, -Infinity, Infinity, 1, -Infinity, -0, 0, -0], [4, 3]);
    const numbers = tf.tensor2d([1, 5, 3, -Infinity, -Infinity, -Infinity, Infinity, 1, -1], [3, 3]);
    for (const name of ['Sum', 'Mean', 'Prod'])
      await kernel(name, { x: rows }, { axis: [1], keepDims: false });
    await kernel('Min', { x: numbers }, { axis: [1], keepDims: false });
    await kernel('Max', { x: numbers }, { reductionIndices: [1], keepDims: false });
    for (const name of ['ArgMax', 'ArgMin']) await kernel(name, { x: numbers }, { axis: 1 });
    for (const name of ['Cumsum', 'Cumprod'])
      await kernel(name, { x: rows }, { axis: 1, exclusive: false, reverse: false });
    await kernel('Softmax', { logits: rows }, { dim: 1 });
    await kernel('TopK', { x: numbers }, { k: 2, sorted: true });
    await kernel('BatchMatMul', { a: rows, b: numbers }, { transposeA: false, transposeB: false });
  });

  it('pools of infinities agree', async () => {
    const x = tf.tensor4d([1, 2, -Infinity, 4, Infinity, 0, 3, -1, 2], [1, 3, 3, 1]);
    const of = { filterSize: 2, strides: 1, pad: 'valid' };
    await kernel('MaxPool', { x }, of);
    await kernel('AvgPool', { x }, of);
  });

  it('choices pass on what they take, and nothing of what they leave', async () => {
    await kernel('Select', {
      condition: bools([1, 0, 1, 0]),
      t: floats([NaN, NaN, Infinity, 2]),
      e: floats([1, NaN, NaN, -Infinity]),
    });
    await kernel('Select', { condition: bools([1, 0]), t: ints([-3, 4]), e: ints([5, -6]) });
    await kernel('Select', { condition: bools([1, 0]), t: bools([0, 0]), e: bools([1, 1]) });
    await kernel('Prelu', { x: floats([NaN, -Infinity, Infinity, -0]), alpha: floats([1, 0, 0, 2]) });
    await kernel('EluGrad', { dy: floats([1, 1, 1, 1, NaN]), y: floats([NaN, 0, Infinity, -1, 1]) });
    await kernel('AddN', [floats([NaN, Infinity, 1]), floats([1, -Infinity, 2])]);
  });

  it('casts agree where an int32 holds the number', async () => {
    const to = (dtype: string, x: tf.Tensor) => kernel('Cast', { x }, { dtype });
    await to('int32', floats([-0.9, 0.9, -1.5, 2.5, 16777216, -2147483648]));
    await to('bool', floats([NaN, Infinity, -0, 0, 0.1, -3]));
    await to('bool', ints([2, 0, -1]));
    await to('float32', ints([16777217, -5]));
    await to('int32', bools([0, 1]));
    await to('float32', bools([0, 1]));
  });

  it('moves int32 and bool as it moves float32', async () => {
    for (const of of [ints, bools]) {
      const x = tf.reshape(of([1, 0, 1, 1, 0, 0]), [2, 3]);
      const image = tf.reshape(x, [1, 2, 3, 1]);
      await kernel('Transpose', { x }, { perm: [1, 0] });
      await kernel('Tile', { x }, { reps: [2, 1] });
      await kernel('Reverse', { x }, { dims: [1] });
      await kernel('Slice', { x }, { begin: [0, 1], size: [2, 1] });
      await kernel('ExpandDims', { input: x }, { dim: 0 });
      await kernel('Pack', [x, x], { axis: 1 });
      await kernel('Unpack', { value: x }, { axis: 0 });
      await kernel('SplitV', { x }, { numOrSizeSplits: [1, 2], axis: 1 });
      await kernel('FlipLeftRight', { image });
      await kernel('GatherNd', { params: x, indices: ints([1]).reshape([1, 1]) });
      await kernel(
        'MirrorPad',
        { x },
        {
          paddings: [
            [1, 0],
            [0, 1],
          ],
          mode: 'reflect',
        },
      );
      await kernel('SpaceToBatchND', { x: image }, { blockShape: [2], paddings: [[0, 0]] });
      await kernel(
        'DepthToSpace',
        { x: tf.reshape(of([1, 0, 1, 1]), [1, 1, 1, 4]) },
        { blockSize: 2, dataFormat: 'NHWC' },
      );
      await kernel('ScatterNd', { indices: ints([2]).reshape([1, 1]), updates: of([1]) }, { shape: [4] });
    }
    await kernel('Fill', {}, { shape: [2], value: 3, dtype: 'int32' });
    await kernel('ArgMin', { x: ints([3, 1, 2]) }, { axis: 0 });
    await kernel('Cumprod', { x: ints([3, 1, 2]) }, { axis: 0, exclusive: false, reverse: false });
    await kernel('Einsum', [ints([3, 1, 2]), ints([1, 2, 3])], { equation: 'i,i->' });
  });
});

describe('departures', () => {
  it('are as docs/kernels.md says', async () => {
    const x = tf.tensor2d([1, NaN, 3], [1, 3]);
    expect(await ours('Max', { x }, { reductionIndices: [1], keepDims: false })).toEqual([3]);
    expect(await ours('Min', { x }, { axis: [1], keepDims: false })).toEqual([1]);
    expect(await ours('Sign', { x: floats([NaN]) })).toEqual([NaN]);
    expect(await ours('Pow', { a: floats([1, 1, -1]), b: floats([NaN, Infinity, -Infinity]) })).toEqual([
      1, 1, 1,
    ]);
    expect(await ours('Atan2', { a: floats([Infinity]), b: floats([Infinity]) })).toEqual([NaN]);
    const none = tf.cast(tf.zeros([0, 2]), 'bool');
    expect(await ours('All', { x: none }, { axis: [0], keepDims: false })).toEqual([1, 1]);
  });
});

holdVisits(import.meta.url);

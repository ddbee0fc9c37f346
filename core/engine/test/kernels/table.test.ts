// The kernel table against TF.js's own list of kernels.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { kernelsPage } from '../../scripts/kernels-page.js';
import { isOwn, withoutGradient } from '../../scripts/not-by-table.js';
import { kernelVisits } from '../../scripts/visits.js';
import { departures, kernelSubjects, kernelTable, unsupportedKernels } from '../../src/kernels/index.js';

const cpu = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName);

describe('kernelTable', () => {
  it('lists every kernel of the cpu backend, or says why not', () => {
    const missing = cpu.filter((name) => !kernelTable[name] && !unsupportedKernels[name]);
    expect(missing).toEqual([]);
  });

  it('lists no kernel twice', () => {
    const listed = Object.values(kernelSubjects).flatMap((rules) => Object.keys(rules));
    expect(listed.length).toBe(new Set(listed).size);
    expect(Object.keys(unsupportedKernels).filter((name) => kernelTable[name])).toEqual([]);
  });

  it('gives reasons for kernels that exist only', () => {
    expect(Object.keys(unsupportedKernels).filter((name) => !cpu.includes(name))).toEqual([]);
  });

  it('notes departures of kernels it has', () => {
    expect(Object.keys(departures).filter((name) => !kernelTable[name])).toEqual([]);
  });
});

describe('tests of kernels', () => {
  const visits = kernelVisits();
  const rules = Object.keys(kernelTable);
  const compared = rules.filter((name) => !isOwn(name));
  const lacking = (names: readonly string[], ...kinds: string[]): string[] =>
    names.flatMap((name) =>
      kinds.filter((kind) => !visits.get(name)?.operands.has(kind)).map((kind) => `${name}: ${kind}`),
    );
  const of = (...subjects: (keyof typeof kernelSubjects)[]): string[] =>
    subjects.flatMap((subject) => Object.keys(kernelSubjects[subject]));

  it('hold every rule against TF.js', () => {
    expect(compared.filter((name) => !visits.get(name)?.agreement.size)).toEqual([]);
  });

  it('visit no kernel that has no rule', () => {
    expect([...visits.keys()].filter((name) => !kernelTable[name])).toEqual([]);
  });

  it('come to tensors of no elements and of one', () => {
    // TF.js makes no linspace of none.
    expect(lacking(compared, 'size 0', 'size 1')).toEqual(['LinSpace: size 0']);
  });

  it('come to shapes that are broadcast, and to scalars', () => {
    expect(lacking(of('Elementwise, two operands'), 'unequal shapes', 'rank 0')).toEqual([]);
    expect(lacking(of('Matrix products'), 'unequal shapes')).toEqual([]);
  });

  it('come to strides, dilations and every kind of padding', () => {
    const images = ['Conv2D', 'DepthwiseConv2dNative'];
    const gradients = [
      'Conv2DBackpropInput',
      'Conv2DBackpropFilter',
      'DepthwiseConv2dNativeBackpropInput',
      'DepthwiseConv2dNativeBackpropFilter',
    ];
    const volumes = of('Convolutions', 'Pools').filter((name) => name.includes('3D'));
    expect(lacking(images, 'dilations')).toEqual([]);
    expect(
      lacking(
        [...images, ...gradients],
        'same',
        'valid',
        'padding by a number',
        'padding by side',
        'strides',
      ),
    ).toEqual([]);
    expect(lacking(['MaxPool', 'MaxPoolGrad', 'AvgPool'], 'padding by a number')).toEqual([]);
    // There TF.js is wrong; finite differences hold it.
    expect(lacking(volumes, 'same', 'valid', 'strides')).toEqual(['AvgPool3DGrad: same']);
  });

  it('come to NaN and infinities where one number makes one', () => {
    const integers = ['BitwiseAnd', 'LogicalAnd', 'LogicalOr', 'LogicalXor'];
    const names = of('Elementwise, one operand', 'Elementwise, two operands');
    expect(lacking(names, 'NaN or infinite')).toEqual(integers.map((name) => `${name}: NaN or infinite`));
  });

  it('hold every gradient that TF.js has registered against finite differences, or say why not', () => {
    const held = (name: string) => (visits.get(name)?.gradient.size ?? 0) > 0;
    const registered = (name: string) => (tf.getGradient(name) as unknown) !== undefined;
    const reasons = Object.keys(withoutGradient);
    expect(compared.filter((name) => !held(name) && withoutGradient[name] === undefined)).toEqual([]);
    expect(reasons.filter((name) => held(name) || !kernelTable[name])).toEqual([]);
    // Of those with a reason, only these have a gradient at all: the kernels are never run.
    expect(reasons.filter(registered)).toEqual(['BroadcastTo', 'LogSoftmax']);
  });
});

describe('docs/kernels.md', () => {
  it('is what write-kernels-page.ts writes', async () => {
    const file = fileURLToPath(new URL('../../../../docs/kernels.md', import.meta.url));
    expect(readFileSync(file, 'utf8')).toBe(await kernelsPage(file));
  });
});

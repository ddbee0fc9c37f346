// What is told of an ONNX file.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectModel } from 'potstill';
import { potstill } from '../cli/place.js';
import {
  attribute,
  elementTypes,
  integers,
  modelBytes,
  modelFolder,
  refusal,
  tiny,
  weight,
  type Folder,
} from './models.js';

let folder: Folder;
beforeAll(async () => {
  folder = await modelFolder();
});
afterAll(() => rm(folder.path, { recursive: true, force: true }));

describe('inspectModel', () => {
  it('tells inputs, outputs, inner values with shapes, weights, operator sets and metadata', async () => {
    const path = await folder.put('m.onnx', tiny('batch', { 'potstill.labels': '["a","b","c"]' }));
    expect(await inspectModel(path)).toMatchObject({
      path,
      parameters: 6,
      opsets: { '': 17 },
      inputs: [{ name: 'x', type: 'float32', shape: [null, 2] }],
      outputs: [{ name: 'scores', type: 'float32', shape: [null, 3] }],
      inner: [
        { name: 'hidden', type: 'float32', shape: [null, 3], operator: 'MatMul', channelsFirst: false },
      ],
      metadata: { 'potstill.labels': '["a","b","c"]' },
      external: [],
    });
  });

  it('finds fixed and free axes, feature maps and types that no teacher can answer with', async () => {
    const bytes = modelBytes({
      inputs: [{ name: 'x', shape: ['batch', 1, 4, 'width'] }],
      outputs: [{ name: 'y', shape: ['batch', 2, 'h', 'w'] }],
      nodes: [
        { opType: 'Conv', input: ['x', 'w'], output: ['map'], attribute: [attribute('pads', [0, 1, 0, 1])] },
        {
          opType: 'Cast',
          input: ['map'],
          output: ['whole'],
          attribute: [attribute('to', elementTypes.uint8)],
        },
        { opType: 'Relu', input: ['map'], output: ['y'] },
      ],
      weights: [weight('w', [2, 1, 3, 3], new Array<number>(18).fill(1)), integers('unused', [1])],
    });
    const { inner, outputs } = await inspectModel(await folder.put('conv.onnx', bytes));
    expect(inner).toMatchObject([
      { name: 'map', shape: [null, 2, 2, null], operator: 'Conv', channelsFirst: true },
      { name: 'whole', type: 'uint8', shape: [null, 2, 2, null] },
    ]);
    expect(outputs).toMatchObject([{ name: 'y', shape: [null, 2, 2, null] }]);
  });

  it('says what the file says where zeros of any length cannot be run', async () => {
    const bytes = modelBytes({
      inputs: [{ name: 'x', shape: ['batch', 'features'] }],
      outputs: [{ name: 'y', shape: ['batch', 3] }],
      nodes: [
        { opType: 'MatMul', input: ['x', 'w'], output: ['inside'] },
        { opType: 'Relu', input: ['inside'], output: ['y'] },
      ],
      weights: [weight('w', [5, 3], new Array<number>(15).fill(1))],
    });
    const { outputs } = await inspectModel(await folder.put('free.onnx', bytes));
    expect(outputs).toEqual([{ name: 'y', type: 'float32', shape: [null, 3] }]);
  });

  it('refuses a file that is no model', async () => {
    expect((await refusal(inspectModel(await folder.put('no.onnx', 'text')))).code).toBe('TEACHER_INVALID');
  });
});

describe('potstill inspect', () => {
  it('prints a page, or JSON', async () => {
    const path = await folder.put('cli.onnx', tiny());
    const { code, out } = await potstill(['inspect', path]);
    expect(code).toBe(0);
    expect(out.slice(-9)).toEqual([
      '',
      'inputs',
      '  x  float32  [?, 2]',
      '',
      'outputs',
      '  scores  float32  [?, 3]',
      '',
      'inner values',
      '  hidden  float32  [?, 3]  MatMul',
    ]);
    const json = await potstill(['inspect', path, '--json']);
    expect(JSON.parse(json.out.join(''))).toMatchObject({ event: 'inspected', parameters: 6 });
  });

  it('lists inner values by pattern', async () => {
    const path = await folder.put('cli.onnx', tiny());
    expect((await potstill(['inspect', path, '--outputs', 'hid*'])).out.at(-1)).toContain('hidden');
    const none = await potstill(['inspect', path, '--outputs', 'layer*']);
    expect(none.code).toBe(2);
    expect(none.err.join('\n')).toContain('no inner value named like `layer*`');
  });
});

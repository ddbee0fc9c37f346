// Model files of a wrong form: whatever stands at any place of model.json, the student is made or refused, with the place.
import { describe, expect, it } from 'vitest';
import { PotstillError } from 'potstill';
import * as tf from '@tensorflow/tfjs';
import { file, image, load } from '../support/layers-model.js';
import { stepContext } from '../../src/testing/step-context.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const initializer = {
  class_name: 'VarianceScaling',
  config: { scale: 1, mode: 'fan_avg', distribution: 'uniform', seed: null },
};
const dense = (name: string, units: number) => ({
  class_name: 'Dense',
  config: {
    name,
    units,
    activation: 'relu',
    use_bias: true,
    kernel_initializer: initializer,
    kernel_regularizer: null,
  },
});

const models: Record<string, Record<string, Json>> = {
  Sequential: {
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 's',
        layers: [
          {
            class_name: 'Flatten',
            config: { name: 'flat', batch_input_shape: [null, 8, 8], dtype: 'float32' },
          },
          { class_name: 'Dropout', config: { name: 'drop', rate: 0.1, noise_shape: null } },
          {
            class_name: 'BatchNormalization',
            config: { name: 'norm', axis: -1, momentum: 0.9, epsilon: 1e-3, center: true, scale: true },
          },
          dense('head', 3),
        ],
      },
    },
  },
  functional: {
    class_name: 'Model',
    config: {
      name: 'f',
      layers: [
        {
          class_name: 'InputLayer',
          name: 'in',
          inbound_nodes: [],
          config: { name: 'in', batch_input_shape: [null, 8, 8], dtype: 'float32', sparse: false },
        },
        {
          class_name: 'Reshape',
          name: 'shape',
          inbound_nodes: [[['in', 0, 0, {}]]],
          config: { name: 'shape', target_shape: [8, 8, 1] },
        },
        {
          class_name: 'Conv2D',
          name: 'conv',
          inbound_nodes: [[['shape', 0, 0, {}]]],
          config: {
            name: 'conv',
            filters: 2,
            kernel_size: [3, 3],
            strides: [1, 1],
            padding: 'same',
            activation: 'softmax',
            data_format: 'channels_last',
          },
        },
        {
          class_name: 'GlobalAveragePooling2D',
          name: 'pool',
          inbound_nodes: [[['conv', 0, 0, {}]]],
          config: { name: 'pool' },
        },
        { ...dense('end', 3), name: 'end', inbound_nodes: [[['pool', 0, 0, {}]]] },
      ],
      input_layers: [['in', 0, 0]],
      output_layers: [['end', 0, 0]],
    },
  },
};

/** Every place in a value, as the keys that lead there. */
function places(value: Json, path: (string | number)[] = []): (string | number)[][] {
  const inner = Array.isArray(value)
    ? value.map((item, i): [number, Json] => [i, item])
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : [];
  return [path, ...inner.flatMap(([key, item]) => places(item, [...path, key]))];
}

function replaced(value: Json, [key, ...rest]: (string | number)[], by: Json): Json {
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string | number, Json>;
  copy[key] = replaced(copy[key] as Json, rest, by);
  return copy;
}

const others: Json[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  '',
  'constructor',
  [],
  {},
  ['x'],
  { class_name: 'LSTM', config: {} },
];

/** What making and running the student ends in, where that is neither a student nor a refusal. */
async function escaped(content: Json): Promise<string | undefined> {
  try {
    const { student } = await load({ model: await file(content ?? 'null') });
    for (const training of [false, true])
      tf.tidy(() => {
        student.forward({ image: image(2) }, stepContext(training));
      });
    return undefined;
  } catch (error) {
    if (error instanceof PotstillError && error.records[0].code === 'STUDENT_INVALID') return undefined;
    return error instanceof Error ? (error.stack ?? '').split('\n').slice(0, 6).join(' | ') : String(error);
  }
}

describe('layers', () => {
  it.each(Object.entries(models))(
    'makes or refuses a %s model with anything at any place',
    async (_, model) => {
      expect(await escaped(model)).toBeUndefined();
      const wrong: string[] = [];
      for (const path of places(model))
        for (const other of others) {
          const result = await escaped(replaced(model, path, other));
          if (result !== undefined) wrong.push(`${path.join('.')} = ${JSON.stringify(other)}: ${result}`);
        }
      expect(wrong).toEqual([]);
    },
  );

  it.each<[string, (string | number)[], Json, string]>([
    [
      'Sequential',
      ['modelTopology', 'class_name'],
      'relu6',
      '`modelTopology.class_name` is "relu6", expected Sequential, Model or Functional',
    ],
    [
      'Sequential',
      ['modelTopology', 'config', 'layers', 3, 'class_name'],
      null,
      '`modelTopology.config.layers[3].class_name` is null, expected the name of a class',
    ],
    [
      'Sequential',
      ['modelTopology', 'config', 'layers', 3, 'config', 'units'],
      'constructor',
      '`modelTopology.config.layers[3]`',
    ],
    [
      'Sequential',
      ['modelTopology', 'config', 'layers', 3, 'class_name'],
      'Dens',
      '`modelTopology.config.layers[3]`',
    ],
    [
      'functional',
      ['config', 'layers', 1, 'inbound_nodes'],
      [[]],
      '`config.layers[1].inbound_nodes[0]` is empty',
    ],
    [
      'functional',
      ['config', 'layers', 1, 'inbound_nodes', 0, 0, 0],
      'end',
      '`config.layers[1].inbound_nodes[0]` calls its layer on an output that no call before it gives',
    ],
    ['functional', ['config', 'layers', 2, 'config', 'kernel_size'], {}, '`config.layers[2]`'],
    ['functional', ['config', 'output_layers'], {}, '`config.output_layers` is {}, expected a list'],
  ])('tells the place in a %s file: %j = %j', async (name, path, other, message) => {
    const model = await file(replaced(models[name] as Json, path, other));
    await expect(load({ model })).rejects.toMatchObject({
      records: [{ code: 'STUDENT_INVALID', message: expect.stringContaining(message) as string }],
    });
  });
});

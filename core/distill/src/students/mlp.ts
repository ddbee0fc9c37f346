// A multi-layer perceptron.
import { dropout } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent, NamedTensors, TensorSpec } from '../contracts/index.js';
import { student } from '../plugin/define.js';
import { activationNames, activations } from './activations.js';
import { initializerNames, initializers } from './init.js';
import { dense } from './parts.js';
import { classCount, inputField, readInput } from './shape.js';
import { VariableSet } from './variables.js';

/** Probability that an element is dropped. */
const rate = z.number().min(0).lt(1).default(0);

const options = z.strictObject({
  hidden: z
    .array(z.int().positive())
    .default([800, 800])
    .describe('Units of each hidden layer, first to last. Empty: a linear model.'),
  activation: z.enum(activationNames).default('relu').describe('After each hidden layer.'),
  dropout: rate.describe('Share of hidden units dropped while training.'),
  inputDropout: rate.describe('Share of inputs dropped while training.'),
  init: z.enum(initializerNames).default('he-normal').describe('How weights are drawn. Biases start at 0.'),
  input: z
    .string()
    .optional()
    .describe('The field it reads, flattened. Default: the first input of the data.'),
  classes: z
    .int()
    .positive()
    .optional()
    .describe('Number of classes. Default: the number of the data’s labels.'),
});

export const mlpStudent: AnyComponent = student('mlp', {
  outputs: {
    logits: 'a score for each class: [classes]',
    'hidden.N': 'hidden layer N, from 0, after its activation: [units]',
  },
  help: 'Multi-layer perceptron: 800-800 with ReLU unless told otherwise.',
  options,
  create(given, services, { data }) {
    const field = inputField('mlp', given.input, data);
    const classes = classCount('mlp', given.classes, data);
    const size = field.shape.reduce((product, length) => product * length, 1);
    const variables = new VariableSet(services.random.child('student'));
    const init = initializers[given.init];
    const activation = activations[given.activation];
    const widths = [size, ...given.hidden];
    const hidden = given.hidden.map((units, i) =>
      dense(variables, `hidden.${i}`, widths[i] as number, units, init),
    );
    const last = dense(variables, 'logits', widths.at(-1) as number, classes, init);
    const outputs: Record<string, TensorSpec> = { logits: { dtype: 'float32', shape: [classes] } };
    given.hidden.forEach((units, i) => (outputs[`hidden.${i}`] = { dtype: 'float32', shape: [units] }));
    return {
      outputs,
      variables: variables.list,
      forward(inputs, at) {
        const tensor = readInput('mlp', inputs, field);
        const flat = tensor.shape.length === 2 ? tensor : tf.reshape(tensor, [tensor.shape[0], size]);
        const tapped: NamedTensors = {};
        let x = dropout(flat, given.inputDropout, at);
        for (const [i, layer] of hidden.entries()) {
          const activated = activation(layer(x, at));
          Object.assign(tapped, { [`hidden.${i}`]: activated });
          x = dropout(activated, given.dropout, at);
        }
        return { logits: last(x, at), ...tapped };
      },
    };
  },
});

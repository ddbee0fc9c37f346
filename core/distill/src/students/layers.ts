// Any tf.layers model from its JSON as a student.
import { resolve } from 'node:path';
import { fixBatchNorms } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { z } from 'zod';
import type { AnyComponent, NamedTensors, Student } from '../contracts/index.js';
import { aboutOption } from '../errors/option.js';
import { student } from '../plugin/define.js';
import { bindInputs } from './layers-inputs.js';
import { aboutModel, buildModel } from './layers-errors.js';
import { nameVariables } from './layers-variables.js';
import { readModelFile } from './model-json.js';
import { takeOverRandomness, type CurrentStep } from './random-layers.js';
import { refuse } from './shape.js';
import { removeSoftmax } from './softmax-layer.js';

type Layer = tfl.layers.Layer;

const options = z.strictObject({
  model: z.string().describe('Path of the model’s JSON, from TF.js’s model.save() or model.toJSON().'),
  fresh: z
    .boolean()
    .default(false)
    .describe('Draws new weights even where the file names some. Without weights they are always drawn.'),
  logits: z
    .string()
    .optional()
    .describe('The layer whose output is the logits. Default: the model’s output, which must then be one.'),
  input: z
    .string()
    .optional()
    .describe(
      'The field for a model of one input. Default: the data’s first. Several inputs take the fields of their names.',
    ),
});

export const layersStudent: AnyComponent = student('layers', {
  outputs: {
    logits: 'a score for each class: [classes]',
    LAYER: 'each layer with one output that is used once, by its own name',
  },
  help: 'Any tf.layers model from its JSON file, with or without weights.',
  options,
  async check({ model }, { paths }) {
    const file = await aboutOption('model', () => readModelFile(resolve(paths.recipeFolder, model), false));
    tf.dispose(file.weights ?? {});
  },
  async create(given, services, { data }) {
    const path = resolve(services.paths.recipeFolder, given.model);
    const file = await aboutOption('model', () => readModelFile(path, !given.fresh));
    const softened = removeSoftmax(file.topology, given.logits);
    if (softened !== undefined)
      services.progress.emit({
        event: 'warning',
        code: 'STUDENT_SOFTMAX_REMOVED',
        message: `layers: the softmax of layer \`${softened}\` was taken off, so that the model gives logits`,
        hint: 'Exports give logits, too. Apply a softmax where probabilities are wanted.',
      });
    const model = await aboutOption('model', () => buildModel(file, path));
    const layers = leaves(model.layers);
    for (const [layer, ignored] of aboutModel(path, 'read', () => ignoredOptions(layers)))
      services.progress.emit({
        event: 'warning',
        code: 'STUDENT_OPTION_IGNORED',
        message: `layers: layer \`${layer}\` has ${ignored.join(' and ')}, which this training ignores`,
        hint: "Use the optimizer's `weightDecay` and `maxNorm` instead.",
      });
    const current: CurrentStep = { at: undefined };
    const variables = await aboutOption('model', () =>
      aboutModel(path, 'use', () => {
        takeOverRandomness(layers, current);
        fixBatchNorms(layers);
        return nameVariables(layers, services.random.child('student'), file.weights);
      }),
    );
    tf.dispose(file.weights ?? {});

    const taps = await aboutOption(given.logits === undefined ? 'model' : 'logits', () =>
      aboutModel(path, 'use', () => tapsOf(model, given.logits)),
    );
    const classes = taps.specs.logits?.shape.at(-1);
    if (data.labels && classes !== data.labels.length)
      refuse(
        `layers: the model gives ${classes ?? 'a variable number of'} classes, the data has ${data.labels.length}`,
        `Labels: ${data.labels.join(', ')}.`,
      );
    const feed = bindInputs(model, given.input, data);
    const made: Student = {
      outputs: taps.specs,
      variables,
      layersModel: model,
      forward(inputs, at) {
        const fed = feed(inputs);
        current.at = at;
        try {
          const results = aboutModel(path, 'run', () => taps.model.apply(fed, { training: at.training }));
          return taps.name((Array.isArray(results) ? results : [results]) as tf.Tensor[]);
        } finally {
          current.at = undefined;
        }
      },
    };
    return made;
  },
});

/** The layers that compute, those of nested models included. */
function leaves(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => (layer instanceof tfl.LayersModel ? leaves(layer.layers) : [layer]));
}

/** Regularisers and constraints belong to tf.layers' own training loop, which is not used. By layer name. */
function ignoredOptions(layers: readonly Layer[]): [string, string[]][] {
  return layers.flatMap((layer): [string, string[]][] => {
    const set = Object.entries(layer.getConfig()).filter(
      ([option, value]) => /(Regularizer|Constraint)$/.test(option) && value !== null && value !== undefined,
    );
    return set.length > 0 ? [[layer.name, set.map(([option]) => `\`${option}\``)]] : [];
  });
}

interface Taps {
  readonly specs: Student['outputs'];
  /** The same layers, with the output of each as an output. */
  readonly model: tfl.LayersModel;
  name(results: readonly tf.Tensor[]): NamedTensors;
}

/** Outputs by layer name, for layers with one output used once, and the logits. */
function tapsOf(model: tfl.LayersModel, logitsLayer: string | undefined): Taps {
  const tapped = new Map<string, tfl.SymbolicTensor>();
  for (const layer of model.layers) {
    if (layer.getClassName() === 'InputLayer' || layer.inboundNodes.length !== 1) continue;
    const { output } = layer;
    if (!Array.isArray(output)) tapped.set(layer.name, output);
  }
  const names = `Layers: ${[...tapped.keys()].join(', ')}.`;
  const only = model.outputs.length === 1 ? model.outputs[0] : undefined;
  const logits =
    (logitsLayer === undefined ? only : tapped.get(logitsLayer)) ??
    refuse(
      logitsLayer === undefined
        ? `layers: the model has ${model.outputs.length} outputs`
        : `layers: the model has no layer \`${logitsLayer}\` with one output`,
      `Name the layer that gives the logits with the option \`logits\`. ${names}`,
    );
  tapped.set('logits', logits);
  const symbols = [...new Set(tapped.values())];
  const entries = [...tapped];
  return {
    specs: Object.fromEntries(
      entries.map(([name, symbol]) => [name, { dtype: 'float32' as const, shape: symbol.shape.slice(1) }]),
    ),
    model: tfl.model({ inputs: model.inputs, outputs: symbols }),
    name: (results) =>
      Object.fromEntries(
        entries.map(([name, symbol]) => [name, results[symbols.indexOf(symbol)] as tf.Tensor]),
      ),
  };
}

// A compiled tf.LayersModel as variables, a loss function and a forward pass of the engine.
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Forward, LossTerms, NamedTensors, NamedVariable, StepContext } from '../types.js';
import { fixBatchNorms } from './batch-norm.js';
import { inputName, targetName } from './data.js';
import { allLayers, labelsOf } from './layers-model.js';
import { checkLayers, withNoise } from './noise-layers.js';

/** As tf.constraints makes them. */
type Constraint = ReturnType<typeof tfl.constraints.nonNeg>;

export interface ModelStep {
  readonly variables: readonly NamedVariable[];
  /** Names of the loss and the metrics, as in the history; the i-th is term `m<i>`, the first `loss`. */
  readonly labels: readonly string[];
  loss(inputs: NamedTensors, at: StepContext): LossTerms;
  /** The constraint of a variable on its value, where its layer has one. */
  constraintOf(variable: NamedVariable): Constraint | undefined;
  /** Loss (without penalties on weights, as in TF.js) and metrics outside training. */
  readonly validation: Forward;
}

/** Name of the term that holds the label at that place. */
export const termName = (i: number): string => (i === 0 ? 'loss' : `m${i}`);

/** Throws ENGINE_OPTION for layers that cannot be recorded. */
export function stepOf(model: tfl.LayersModel): ModelStep {
  const layers = allLayers(model);
  checkLayers(layers);
  fixBatchNorms(layers);
  const labels = labelsOf(model);
  const measured = (inputs: NamedTensors, at: StepContext): LossTerms => {
    const xs = model.inputs.map((_, i) => inputs[inputName(i)] as tf.Tensor);
    const ys = model.outputs.map((_, i) => inputs[targetName(i)] as tf.Tensor);
    const applied = withNoise(layers, at, () =>
      model.apply(xs.length === 1 ? (xs[0] as tf.Tensor) : xs, { training: at.training }),
    );
    const outputs = (Array.isArray(applied) ? applied : [applied]) as tf.Tensor[];
    const losses = model.lossFunctions.map((loss, i) =>
      tf.mean(loss(ys[i] as tf.Tensor, outputs[i] as tf.Tensor)),
    );
    const penalties = at.training ? model.calculateLosses() : [];
    const terms = model.metricsTensors.map(([metric, output], i) => [
      termName(i + 1),
      tf.mean(tf.cast(metric(ys[output] as tf.Tensor, outputs[output] as tf.Tensor), 'float32')),
    ]);
    return {
      loss: tf.addN([...losses, ...penalties]) as tf.Scalar,
      ...(Object.fromEntries(terms) as Record<string, tf.Scalar>),
    };
  };
  const constraints = constraintsOf(model);
  return {
    variables: variablesOf(model),
    labels,
    loss: measured,
    constraintOf: ({ variable }) => constraints.get(variable),
    validation: measured,
  };
}

/** All weights by their names in the model; those that are not trained with `trainable: false`. */
function variablesOf(model: tfl.LayersModel): NamedVariable[] {
  const trained = new Set(model.trainableWeights.map((weight) => weight.read()));
  const seen = new Map<tf.Tensor, NamedVariable>();
  for (const weight of model.weights) {
    const variable = weight.read();
    if (!seen.has(variable))
      seen.set(variable, {
        name: weight.name,
        variable: variable as tf.Variable,
        trainable: trained.has(variable),
      });
  }
  return [...seen.values()];
}

function constraintsOf(model: tfl.LayersModel): Map<tf.Tensor, Constraint> {
  return new Map(
    model.trainableWeights.flatMap((weight): [tf.Tensor, Constraint][] => {
      // Not among the declared members.
      const constraint = Reflect.get(weight, 'constraint') as Constraint | null | undefined;
      return constraint ? [[weight.read(), constraint]] : [];
    }),
  );
}

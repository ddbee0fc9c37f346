// A loss on given arrays: its value, and its gradients in the student's outputs and in its own variables.
import * as tf from '@tensorflow/tfjs-core';
import type {
  AnyComponent,
  Contexts,
  HostTensor,
  Loss,
  NamedVariable,
  TensorSpecs,
} from '../contracts/index.js';
import { makeComponent, type Given } from './make-component.js';
import { stepContext } from './step-context.js';
import { tinyDataset, tinyStudent, tinyTeacher } from './tiny.js';
import { hostTensor, hostTensors, tensor, type Values } from './values.js';

/** Inputs of a loss by name, the batch axis first. */
export interface LossTrial extends Given {
  /**
   * Outputs of the student. The loss is differentiated by those that are float32. Of a loss that runs the models itself (`needs.live`)
   * these, and the teacher's, are what they say of the inputs that it makes.
   */
  readonly student: Readonly<Record<string, Values>>;
  readonly teacher?: Readonly<Record<string, Values>>;
  /** Fields of the batch; write class indices as `int32([0, 2])`. */
  readonly batch?: Readonly<Record<string, Values>>;
  /** Values of the loss's own variables by name, in place of those that it begins with. */
  readonly variables?: Readonly<Record<string, Values>>;
  /** Where training stands. Default: the start. */
  readonly progress?: { readonly step?: number; readonly epoch?: number; readonly fraction?: number };
  /** What `create` is told of data, student and teacher. Default: the tiny data set, and outputs of the shapes given here. */
  readonly context?: Partial<Contexts['loss']>;
}

export interface LossRun {
  readonly value: number;
  readonly gradients: {
    /** By output; zeros for an output that does not count. */
    readonly student: Readonly<Record<string, HostTensor>>;
    /** By the name of the loss's own variable. */
    readonly variables: Readonly<Record<string, HostTensor>>;
  };
}

/** Makes the loss and computes it once. `needs` are checked: a name that is not given is an error. */
export async function runLoss(component: AnyComponent, trial: LossTrial): Promise<LossRun> {
  return differentiate(await makeLoss(component, trial), trial);
}

export async function makeLoss(component: AnyComponent, trial: LossTrial): Promise<Loss> {
  const data = tinyDataset();
  const context: Contexts['loss'] = {
    data,
    examples: data.size,
    student: { ...tinyStudent(), outputs: specs(trial.student) },
    teacher: trial.teacher && { ...tinyTeacher(), outputs: specs(trial.teacher) },
    ...trial.context,
  };
  const loss = await makeComponent('loss', component, context, trial);
  for (const from of ['student', 'teacher', 'batch'] as const) {
    const given = Object.keys(trial[from] ?? {});
    const missing = loss.needs[from].filter((name) => !given.includes(name));
    if (missing.length > 0)
      throw new Error(
        `\`${component.name}\` needs ${from}.${missing.join(`, ${from}.`)}; the test gives ${given.join(', ') || 'none'}`,
      );
  }
  setVariables(component.name, loss, trial.variables ?? {});
  return loss;
}

function setVariables(name: string, loss: Loss, values: Readonly<Record<string, Values>>): void {
  for (const [variable, each] of Object.entries(values)) {
    const own = loss.variables?.find((one) => one.name === variable);
    if (!own) {
      const there = loss.variables?.map((one) => one.name).join(', ') ?? '';
      throw new Error(`\`${name}\` has no variable \`${variable}\`; it has ${there || 'none'}`);
    }
    tf.tidy(() => own.variable.assign(tensor(hostTensor(each))));
  }
}

export function differentiate(loss: Loss, trial: LossTrial): LossRun {
  let run: LossRun | undefined;
  tf.tidy(() => {
    // Lengths and other whole numbers of a student have no gradient.
    const outputs = Object.entries(hostTensors(trial.student)).flatMap(([name, values]): NamedVariable[] =>
      values.dtype === 'float32' ? [{ name, variable: tf.variable(tensor(values)) }] : [],
    );
    try {
      const own = (loss.variables ?? []).filter(({ trainable }) => trainable !== false);
      const all = [...outputs, ...own].map(({ variable }) => variable);
      const { value, grads } = tf.variableGrads(() => compute(loss, trial, outputs), all);
      const read = (variables: readonly NamedVariable[]) =>
        Object.fromEntries(
          variables.map(({ name, variable }) => {
            // The declared type leaves out that a variable without an influence has none.
            const gradient = grads[variable.name] as tf.Tensor | undefined | null;
            return [name, hostTensor(gradient ?? tf.zerosLike(variable))];
          }),
        );
      run = {
        value: value.dataSync()[0] as number,
        gradients: { student: read(outputs), variables: read(own) },
      };
    } finally {
      for (const { variable } of outputs) variable.dispose();
    }
  });
  if (run === undefined) throw new Error('internal: the loss was not computed');
  return run;
}

function compute(loss: Loss, trial: LossTrial, outputs: readonly NamedVariable[]): tf.Scalar {
  const tensors = (values: LossTrial['batch'] = {}) =>
    Object.fromEntries(Object.entries(hostTensors(values)).map(([name, each]) => [name, tensor(each)]));
  const { step = 0, epoch = 0, fraction = 0 } = trial.progress ?? {};
  const student = {
    ...tensors(trial.student),
    ...Object.fromEntries(outputs.map(({ name, variable }) => [name, variable])),
  };
  const teacher = tensors(trial.teacher);
  const value = loss.compute({
    student,
    teacher,
    // Such a loss reads what the models say of inputs that it makes.
    ...(loss.needs.live ? { run: { student: () => student, teacher: () => teacher } } : {}),
    batch: tensors(trial.batch),
    progress: { step: tf.scalar(step), epoch: tf.scalar(epoch), fraction: tf.scalar(fraction) },
    at: { training: true, random: stepContext(true).random },
    ...(loss.needs.index ? { index: tf.range(0, outputs[0]?.variable.shape[0] ?? 0, 1, 'int32') } : {}),
  });
  if (value.size !== 1)
    throw new Error(
      `the loss has shape [${value.shape.join(', ')}]; it must be a scalar, the mean over the batch`,
    );
  return tf.reshape(value, []);
}

/** Specs of one example: the shapes without the batch axis. */
function specs(values: Readonly<Record<string, Values>>): TensorSpecs {
  return Object.fromEntries(
    Object.entries(hostTensors(values)).map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape: shape.slice(1) },
    ]),
  );
}

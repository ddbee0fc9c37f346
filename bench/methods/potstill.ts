// One loss of potstill on the engine: value and gradient with respect to the student's outputs and its own variables.
import { createEngine, randomStream, sgd, type HostTensors, type NamedVariable } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent, LossInputs, LossNeeds, NamedTensors, TensorSpecs } from 'potstill';
import { makeComponent, tinyDataset, tinyStudent, tinyTeacher } from 'potstill/testing';
import { batch, classes, labels, outputs } from './outputs.js';

export interface Timed {
  readonly needs: LossNeeds;
  /** Milliseconds of one computation, the mean of several. */
  time(): Promise<number>;
  dispose(): Promise<void>;
}

/** How long one measurement goes on. */
const milliseconds = 200;

const specs = (tensors: HostTensors): TensorSpecs =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape: shape.slice(1) }]),
  );

const under = (prefix: string, tensors: NamedTensors): NamedTensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, each]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), each]] : [],
    ),
  );

/** Options of examples that say how large a tiny batch or set of classes is. */
const atThisSize: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'balanced-knowledge-distillation': { counts: Array.from({ length: classes }, (_, i) => 1000 - 90 * i) },
  'class-balanced-cross-entropy': { counts: Array.from({ length: classes }, (_, i) => 1000 - 90 * i) },
  'semantic-calibration': { batch },
};

/** The options of its documentation, with the outputs that a ResNet has. */
export async function ours(component: AnyComponent, threads: number): Promise<Timed> {
  const { method } = component;
  const student = outputs('student');
  const teacher = outputs('teacher', method?.sameShape);
  const example = typeof method?.example === 'object' ? method.example : { use: component.name };
  const { use: _, weight: _weight, name: _name, ...options } = { ...example, ...atThisSize[component.name] };
  const loss = await makeComponent(
    'loss',
    component,
    {
      data: { ...tinyDataset(), labels: Array.from({ length: classes }, (_, i) => String(i)) },
      student: { ...tinyStudent(), outputs: specs(student) },
      teacher: { ...tinyTeacher(), outputs: specs(teacher) },
      examples: 10_000,
    },
    { options },
  );
  const read = {
    student: Object.fromEntries(loss.needs.student.map((name) => [name, student[name]])) as HostTensors,
    teacher: Object.fromEntries(loss.needs.teacher.map((name) => [name, teacher[name]])) as HostTensors,
  };
  const inputs: HostTensors = {
    ...Object.fromEntries(Object.entries(read.student).map(([name, each]) => [`student.${name}`, each])),
    ...Object.fromEntries(Object.entries(read.teacher).map(([name, each]) => [`teacher.${name}`, each])),
    'batch.label': labels(),
    index: { dtype: 'int32', shape: [batch], data: Int32Array.from({ length: batch }, (_, i) => i) },
  };
  const engine = await createEngine({ threads });

  /** `compute` on the student's outputs, each times a variable of its own, so that the gradient reaches all of it. */
  async function session(
    own: readonly NamedVariable[],
    compute: (student: NamedTensors, tensors: NamedTensors, at: LossInputs['at']) => tf.Scalar,
  ) {
    const scales = Object.keys(read.student).map((name) => ({ name, variable: tf.variable(tf.scalar(1)) }));
    const made = await engine.training({
      variables: [...scales.map((each) => ({ ...each, name: `scale.${each.name}` })), ...own],
      loss: (tensors, at) => {
        const scaled = scales.map(({ name, variable }) => [
          name,
          tf.mul(tensors[`student.${name}`] as tf.Tensor, variable),
        ]);
        return { loss: compute(Object.fromEntries(scaled) as NamedTensors, tensors, at) };
      },
      optimizer: sgd(),
      random: randomStream(1),
    });
    const step = () => made.train(inputs, { rate: 0 });
    // The first compiles.
    await step();
    await step();
    return { step, dispose: () => made.dispose() };
  }

  const whole = await session(loss.variables ?? [], (own, tensors, at) =>
    loss.compute({
      student: own,
      teacher: under('teacher.', tensors),
      batch: under('batch.', tensors),
      progress: { step: tf.scalar(0), epoch: tf.scalar(0), fraction: tf.scalar(0) },
      at,
      ...(loss.needs.index ? { index: tensors.index as tf.Tensor1D } : {}),
    }),
  );
  const mean = await session([], (own) =>
    Object.values(own)
      .map((each) => tf.mean<tf.Scalar>(each))
      .reduce((sum, each) => tf.add<tf.Scalar>(sum, each)),
  );

  const run = async (step: () => Promise<unknown>) => {
    const started = performance.now();
    let count = 0;
    while (count < 3 || performance.now() - started < milliseconds) {
      await step();
      count++;
    }
    return (performance.now() - started) / count;
  };
  return {
    needs: loss.needs,
    time: async () => (await run(whole.step)) - (await run(mean.step)),
    async dispose() {
      await whole.dispose();
      await mean.dispose();
      await engine.dispose();
    },
  };
}

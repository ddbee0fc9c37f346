// Types that must compile: what later domains will put through today's contracts. Explained in docs/decisions/0002-contracts-for-later-domains.md.
import type * as tf from '@tensorflow/tfjs';
import type {
  Batch,
  DataDescription,
  Dataset,
  HostTensors,
  IndexedDataset,
  Loss,
  Plugin,
  StreamDataset,
  Student,
  Teacher,
  TeacherStore,
  TensorSpecs,
} from 'potstill';

/** Detection: images of one size, boxes as many as there are; a batch pads `boxes` and adds `boxes.length`. */
export const detectionData = {
  spec: {
    image: { dtype: 'float32', shape: [160, 160, 3] },
    boxes: { dtype: 'float32', shape: [null, 4] },
    classes: { dtype: 'int32', shape: [null] },
  },
  inputs: ['image'],
  target: 'classes',
  labels: ['background', 'red cell', 'white cell', 'platelet'],
  fingerprint: 'content',
} satisfies DataDescription;

/** A detector's anchors are an axis of its outputs; hints are taps; the regressor of a hint belongs to its loss. */
export const detectorOutputs = {
  logits: { dtype: 'float32', shape: [1200, 4] },
  boxes: { dtype: 'float32', shape: [1200, 4] },
  'backbone.3': { dtype: 'float32', shape: [20, 20, 64] },
} satisfies TensorSpecs;

export const hintLoss = (regressor: tf.Variable): Loss => ({
  needs: { student: ['backbone.3'], teacher: ['backbone.4'], batch: ['boxes.length'] },
  variables: [{ name: 'hint/kernel', variable: regressor }],
  compute: ({ student, teacher }) => {
    const adapted = (student['backbone.3'] as tf.Tensor4D).conv2d(regressor as tf.Tensor4D, 1, 'same');
    return adapted
      .sub(teacher['backbone.4'] as tf.Tensor4D)
      .square()
      .mean();
  },
});

/** Speech: frames of an utterance are a padded axis; senones are a target for each frame. A stream has no size. */
export const speechData = {
  spec: {
    fbank: { dtype: 'float32', shape: [null, 40] },
    senone: { dtype: 'int32', shape: [null] },
    speaker: { dtype: 'int32', shape: [] },
  },
  inputs: ['fbank'],
  target: 'senone',
  fingerprint: 'content',
} satisfies DataDescription;

export const speechStream = (utterances: () => AsyncIterable<HostTensors>): StreamDataset => ({
  ...speechData,
  examples: utterances,
});

/** Text in several languages with several teachers: one Teacher in front of many, outputs prefixed with the teacher's name. */
export function teachersTogether(teachers: Readonly<Record<string, Teacher>>): Teacher {
  const list = Object.entries(teachers);
  return {
    outputs: Object.fromEntries(
      list.flatMap(([name, teacher]) =>
        Object.entries(teacher.outputs).map(([output, spec]) => [`${name}.${output}`, spec]),
      ),
    ),
    fingerprint: list.map(([name, teacher]) => `${name}=${teacher.fingerprint}`).join('+'),
    label: async (batch: Batch) => {
      const answers = await Promise.all(
        list.map(async ([name, teacher]) =>
          Object.entries(await teacher.label(batch)).map(
            ([output, tensor]) => [`${name}.${output}`, tensor] as const,
          ),
        ),
      );
      return Object.fromEntries(answers.flat());
    },
    dispose: async () => {
      await Promise.all(list.map(([, teacher]) => teacher.dispose()));
    },
  };
}

export const textData = {
  spec: {
    tokens: { dtype: 'int32', shape: [null] },
    language: { dtype: 'int32', shape: [] },
    tag: { dtype: 'int32', shape: [null] },
  },
  inputs: ['tokens', 'language'],
  target: 'tag',
  fingerprint: 'content',
} satisfies DataDescription;

/** Graphs: one example is one graph, nodes and edges are axes; train and test of a citation graph differ in `mask`. */
export const citationGraph = {
  spec: {
    features: { dtype: 'float32', shape: [2708, 1433] },
    edges: { dtype: 'int32', shape: [null, 2] },
    label: { dtype: 'int32', shape: [2708] },
    mask: { dtype: 'bool', shape: [2708] },
  },
  inputs: ['features', 'edges'],
  target: 'label',
  fingerprint: 'content',
} satisfies DataDescription;

/** A loss with a memory bank (CRD): the bank is a variable that no gradient reaches and that `compute` assigns. */
export const bankedLoss = (bank: tf.Variable): Loss => ({
  needs: { student: ['features'], teacher: ['features'], batch: [] },
  variables: [{ name: 'crd/bank', variable: bank, trainable: false }],
  compute: ({ student, teacher, progress }) => {
    bank.assign(bank.mul(0.5).add((teacher.features as tf.Tensor).mul(0.5)));
    // A warm-up in the loss itself: `progress` is part of the graph.
    return (student.features as tf.Tensor).mul(bank).mean<tf.Scalar>().mul(progress.fraction);
  },
});

/** A store on disk, or one filled by many machines: another value behind the same service. */
export const storePlugin = (store: TeacherStore): Plugin => ({
  name: '@acme/potstill-store',
  version: '1.0.0',
  potstill: '^0.1.0',
  components: [],
  services: { store: () => store },
});

/** One machine's share of the labelling: a range of a data set, which keeps its fingerprint apart from the whole. */
export const share = (whole: IndexedDataset, from: number, to: number): Dataset => ({
  ...whole,
  size: to - from,
  fingerprint: `${whole.fingerprint}[${from},${to})`,
  example: (index) => whole.example(from + index),
});

/** A student for sequences: outputs carry the padded axis too. */
export type SequenceStudent = Student & {
  readonly outputs: { readonly logits: { readonly dtype: 'float32'; readonly shape: [null, number] } };
};

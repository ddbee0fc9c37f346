// Overhaul of feature distillation: margin ReLU and a partial distance (Heo et al. 2019, sections 3.1 to 3.3).
import * as tf from '@tensorflow/tfjs-core';
import type { AnyComponent } from '../../contracts/index.js';
import { zeros } from '../../students/init.js';
import type { VariableSet } from '../../students/variables.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { channelsOf } from '../parts/layer-shape.js';

const name = 'overhaul';

/**
 * `(z - t)^2` except where `z <= t <= 0`, which is 0: the student may be as far below as it likes where the teacher is off. `t` is
 * the teacher's after its margin ReLU.
 */
function partialDistance(z: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const above = tf.square(tf.relu(tf.sub(z, t)));
  const below = tf.square(tf.relu(tf.sub(t, z)));
  // A comparison forgets NaN: 0 times the teacher keeps it.
  return tf.addN([above, tf.where(tf.greater(t, 0), below, tf.zerosLike(below)), tf.mul(t, 0)]);
}

/** The mean of each channel's negative numbers over all batches so far, each batch alike. Assigns its variables when training. */
function runningMargin(variables: VariableSet, prefix: string, channels: number) {
  const margin = variables.add(`${prefix}.margin`, [channels], zeros, { trainable: false });
  const batches = variables.add(`${prefix}.batches`, [channels], zeros, { trainable: false });
  return (v: tf.Tensor, training: boolean): tf.Tensor => {
    if (!training) return margin;
    const axes = v.shape.slice(0, -1).map((_, axis) => axis);
    const count = tf.sum(tf.cast(tf.less(v, 0), 'float32'), axes);
    const mean = tf.div(tf.sum(tf.minimum(v, 0), axes), tf.maximum(count, 1));
    const seen = tf.cast(tf.greater(count, 0), 'float32');
    const next = tf.add(batches, seen);
    const moved = tf.add(margin, tf.div(tf.mul(seen, tf.sub(mean, margin)), tf.maximum(next, 1)));
    batches.assign(next);
    margin.assign(moved);
    return moved;
  };
}

export const overhaul: AnyComponent = layerPairLoss(name, {
  help: 'Partial squared difference of layers before their ReLU, the teacher’s with a margin (OFD, Heo et al. 2019).',
  method: {
    paper:
      'Heo, Kim, Yun, Park, Kwak & Choi 2019: A Comprehensive Overhaul of Feature Distillation, section 3',
    url: 'https://arxiv.org/abs/1904.01866',
    formula:
      'sum of (r(z) - t)^2 except where r(z) <= t <= 0, t = max(v, m); m each channel’s mean negative number, r a regressor; the k-th last layer counts 1 / 2^k',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['OFD'], mdistiller: ['OFD'], MMRazor: ['OFDLoss', 'OFDTeacherConnector'] },
    example: { use: name, layers: 'stage.{1,2,3} -> stage.{1,2,3}', weight: 0.001 },
    note: 'The paper derives m from the parameters of the teacher’s last batch norm; a teacher here is a file or an answer, so m is what they stand for, the mean of the negative numbers, over the batches seen so far. Layers before their ReLU are meant: after it there is no negative number and m is 0. MMRazor divides by 1000; mdistiller’s weight is 0.001.',
  },
  forms: ['a feature map [h, w, channels]'],
  options: {},
  connector: 'linear-norm',
  resize: ['teacher', 'average'],
  create(_options, { teacher, variables, name: prefix, index, count }) {
    const marginOf = runningMargin(variables, prefix, channelsOf(name, 'teacher', teacher));
    return ({ student, teacher: theirs, inputs }) => {
      const target = tf.maximum(theirs, marginOf(theirs, inputs.at.training));
      const share = (student.shape[0] ?? 1) * 2 ** (count - index - 1);
      return tf.div(tf.sum(partialDistance(student, target)), share);
    };
  },
});

// DIST+: DIST on the logits, and the same on feature maps, over channels and over places (Huang et al. 2025).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { checkSameNumbers, pick } from '../parts/check.js';
import { logitPairLoss } from '../parts/logit-pair.js';
import { pearson } from '../parts/pearson.js';
import { dist, distWeights } from './dist.js';

/** `1 - rho` over the channels of each place, mean over places and examples. Maps [batch, height, width, channels]. */
function channelRelation(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  return tf.sub(1, tf.mean(pearson(student, teacher, student.rank - 1)));
}

/** `1 - rho` over the examples of each place, where a place has the sum of its channels; mean over places. */
function spatialRelation(student: tf.Tensor, teacher: tf.Tensor): tf.Scalar {
  return tf.sub(1, tf.mean(pearson(tf.sum(student, -1), tf.sum(teacher, -1), 0)));
}

const name = 'dist-plus';
const weight = (what: string) => z.number().min(0).default(1).describe(what);
const features = (whose: string) =>
  z.string().describe(`The ${whose}’s feature map, [batch, height, width, channels]; both of one shape.`);

export const distPlusLoss: AnyComponent = logitPairLoss(name, {
  help: 'DIST, and one minus the correlation of feature maps, over channels and over places.',
  method: {
    paper:
      'Huang et al. 2025: DIST+: Knowledge Distillation From a Stronger Adaptive Teacher, IEEE TPAMI 47 (7)',
    url: 'https://doi.org/10.1109/TPAMI.2025.3554235',
    formula:
      'DIST + channel mean (1 - rho(f_place, g_place)) + spatial mean_places (1 - rho(sum_channels f, sum_channels g)), f the student’s map, g the teacher’s',
    family: 'logits',
    student: ['logits', 'feature map'],
    teacher: ['logits', 'feature map'],
    sameShape: true,
    aliases: { torchdistill: ['DISTPlusLoss'], papers: ['DIST+'] },
    example: { use: name, studentFeatures: 'stage.3', teacherFeatures: 'stage.3' },
    note: 'torchdistill 1.1.5 adds the mean channel correlation itself, so that training drives the maps apart. DIST’s distance is 1 - rho, as in its other three terms, and so it is here: a test has the value by hand, and the golden values are torchdistill’s with that term as 1 - rho. The teacher acclimation of the paper is training of the teacher, and no loss.',
  },
  temperature: 1,
  options: {
    ...distWeights,
    channel: weight('Weight of the correlation over the channels of a place.'),
    spatial: weight('Weight of the correlation over the examples of a place.'),
    studentFeatures: features('student'),
    teacherFeatures: features('teacher'),
  },
  create: ({ channel, spatial, studentFeatures, teacherFeatures, ...weights }) => ({
    reads: { student: [studentFeatures], teacher: [teacherFeatures] },
    compute(pair) {
      const own = pick(name, 'student', pair.inputs.student, studentFeatures);
      const theirs = pick(name, 'teacher', pair.inputs.teacher, teacherFeatures);
      checkSameNumbers(name, own, theirs);
      return tf.addN([
        dist(pair, weights),
        tf.mul(channelRelation(own, theirs), channel),
        tf.mul(spatialRelation(own, theirs), spatial),
      ]);
    },
  }),
});

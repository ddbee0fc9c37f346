// Semantic calibration: every layer of the student learns every layer of the teacher, by attention (SemCKD, Chen et al. 2021).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { loss } from '../../plugin/define.js';
import { VariableSet } from '../../students/variables.js';
import { pick } from '../parts/check.js';
import { checkForm, layerShapes } from '../parts/layer-shape.js';
import { resizePair } from '../parts/resize.js';
import { layerEmbedding, valueMap } from '../parts/semantic-maps.js';

const name = 'semantic-calibration';
const layers = (whose: string) =>
  z.array(z.string()).min(1).describe(`The ${whose}’s feature maps, [batch, height, width, channels].`);

export const semanticCalibrationLoss: AnyComponent = loss(name, {
  help: 'All pairs of layers, weighted by attention that is learnt (SemCKD, Chen et al. 2021).',
  method: {
    paper: 'Chen et al. 2021: Cross-Layer Distillation with Semantic Calibration, section 3',
    url: 'https://arxiv.org/abs/2012.03236',
    formula:
      'mean over examples and student layers of sum over teacher layers a_st mean((r_st(z_s) - v_t)^2); a_s: softmax over t of <q_s, k_t>',
    family: 'relations',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['SemCKD'] },
    example: { use: name, student: ['stage.1', 'stage.3'], teacher: ['stage.1', 'stage.2'] },
    note: 'Queries and keys are made of an example’s row in the batch’s matrix of similarities, so that their maps are as wide as a batch: a smaller batch is filled with zeros. The larger map of a pair is pooled to the size of the smaller.',
  },
  needsTeacher: true,
  options: z.strictObject({
    student: layers('student'),
    teacher: layers('teacher'),
    batch: z.int().positive().default(64).describe('Examples of a batch, as `train.batch`; at most so many.'),
    factor: z.int().positive().default(4).describe('Queries and keys have `batch / factor` numbers.'),
  }),
  create({ student: own, teacher: theirs, batch, factor }, services, context) {
    const variables = new VariableSet(services.random.child(`loss ${name}`), 'the loss');
    const size = Math.max(1, Math.floor(batch / factor));
    const embed = (side: string, count: number) =>
      Array.from({ length: count }, (_, i) => layerEmbedding(variables, `${side}.${i}`, batch, size));
    const queries = embed('query', own.length);
    const keys = embed('key', theirs.length);
    const maps = own.map((student, i) =>
      theirs.map((teacher, j) => {
        const shapes = layerShapes(name, { student, teacher }, context);
        for (const side of ['student', 'teacher'] as const)
          checkForm(name, side, shapes[side], ['a feature map [h, w, channels]']);
        return valueMap(name, variables, `regressor.${i}.${j}`, shapes);
      }),
    );
    return {
      needs: { student: own, teacher: theirs, batch: [] },
      variables: variables.list,
      compute({ student, teacher, at }) {
        const mine = own.map((output) => pick(name, 'student', student, output));
        const others = theirs.map((output) => pick(name, 'teacher', teacher, output));
        const query = tf.stack(
          mine.map((map, i) => (queries[i] as (typeof queries)[0])(map, at)),
          1,
        );
        const key = tf.stack(
          others.map((map, j) => (keys[j] as (typeof keys)[0])(map, at)),
          1,
        );
        const attention = tf.softmax(tf.matMul(query, key, false, true));
        const errors = mine.map((z, i) =>
          tf.stack(
            others.map((v, j) => {
              const pair = resizePair(z, v, 'larger', 'average');
              const mapped = (maps[i]?.[j] as ReturnType<typeof valueMap>)(pair.student, at);
              return tf.mean(tf.squaredDifference(mapped, pair.teacher), [1, 2, 3]);
            }),
            1,
          ),
        );
        return tf.mean(tf.sum(tf.mul(attention, tf.stack(errors, 1)), 2));
      },
    };
  },
});

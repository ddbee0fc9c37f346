// Prime-aware adaptive distillation with L2: examples that the student finds hard count less (Zhang et al. 2020, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { batchNorm } from '../../students/batch-norm.js';
import { linear, sequence } from '../parts/connector.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { channelsOf } from '../parts/layer-shape.js';

const name = 'prime-aware';

export const primeAware: AnyComponent = layerPairLoss(name, {
  help: 'Squared difference of vectors, divided by a variance that the student predicts (PAD-L2, Zhang et al. 2020).',
  method: {
    paper: 'Zhang, Lan, Dai, Zeng, Bai, Chang & Wei 2020: Prime-Aware Adaptive Distillation, section 3',
    url: 'https://www.ecva.net/papers/eccv_2020/papers_ECCV/html/3317_ECCV_2020_paper.php',
    formula: 'mean((v - z)^2 / (e + exp(l)) + l) with l = batch norm of a linear map of the student’s vector',
    family: 'features',
    student: ['embedding'],
    teacher: ['embedding'],
    aliases: { papers: ['PAD', 'PAD-L2'], torchdistill: ['PADL2Loss'] },
    example: { use: name, student: 'features', teacher: 'features' },
    note: 'torchdistill meets vectors of different lengths by an embedding in the student; here it is the connector. A bias before the batch norm would do nothing, and there is none. The loss may be negative.',
  },
  forms: ['a vector [channels]'],
  defaults: { student: 'features', teacher: 'features' },
  options: {
    epsilon: z.number().positive().default(1e-6).describe('e: added to each variance.'),
  },
  connector: 'auto',
  create({ epsilon }, { teacher, variables, name: prefix }) {
    const width = channelsOf(name, 'teacher', teacher);
    const logVariance = sequence(
      linear(variables, `${prefix}.variance`, width, width, { bias: false }),
      batchNorm(variables, `${prefix}.variance.norm`, width),
    );
    return ({ student, teacher: theirs, inputs }) => {
      const l = logVariance(student, inputs.at);
      const error = tf.squaredDifference(theirs, student);
      return tf.mean(tf.add(tf.div(error, tf.add(tf.exp(l), epsilon)), l));
    };
  },
});

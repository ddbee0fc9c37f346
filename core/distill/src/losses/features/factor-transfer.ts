// Factor transfer: a paraphraser condenses the teacher's layer, a translator makes the student's alike (Kim et al. 2018, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import type { Layer } from '../../students/batch-norm.js';
import { initializers } from '../../students/init.js';
import { conv3x3 } from '../../students/parts.js';
import type { VariableSet } from '../../students/variables.js';
import { sequence } from '../parts/connector.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { channelsOf } from '../parts/layer-shape.js';
import { lengths, unit } from '../parts/relation-matrix.js';
import { stopGradient } from '@potstill/engine';

const name = 'factor-transfer';
const leaky: Layer = (x) => tf.leakyRelu(x, 0.1);

/** 3x3 convolutions through these widths, a leaky ReLU after each. */
function convolutions(
  set: VariableSet,
  prefix: string,
  widths: readonly number[],
  norm: 'batch' | 'none',
): Layer {
  const layers = widths.slice(1).flatMap((to, k) => [
    conv3x3(set, `${prefix}.${k}`, {
      from: widths[k] as number,
      to,
      norm,
      init: initializers['he-normal'],
    }),
    leaky,
  ]);
  return sequence(...layers);
}

/** Difference of two factors [batch, h, w, channels], each example's at length 1: mean over the batch. */
function factorDistance(z: tf.Tensor, v: tf.Tensor, distance: 'absolute' | 'length'): tf.Scalar {
  const flat = (x: tf.Tensor) => unit(tf.reshape(x, [x.shape[0] ?? 1, -1]));
  const difference = tf.sub(flat(z), flat(v));
  return tf.mean(distance === 'length' ? lengths(difference) : tf.abs(difference));
}

export const factorTransfer: AnyComponent = layerPairLoss(name, {
  help: 'Difference of factors that a paraphraser and a translator make of layers (FT, Kim et al. 2018).',
  method: {
    paper:
      'Kim, Park & Kwak 2018: Paraphrasing Complex Network: Network Compression via Factor Transfer, section 3',
    url: 'https://arxiv.org/abs/1802.04977',
    formula:
      'mean(|f(z) / |f(z)| - g(v) / |g(v)||); before, mean((v - h(g(v)))^2). f translator, g and h the paraphraser’s two halves',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['FT'], torchdistill: ['FTLoss'], MMRazor: ['FTLoss', 'Paraphraser', 'Translator'] },
    example: { use: name, student: 'stage.3', teacher: 'stage.3', paraphraserEpochs: 0.5 },
    note: 'The paper trains the paraphraser first, without the student. Here both phases are in one training: for `paraphraserEpochs` the loss is that of the paraphraser and the student learns from the other losses; then the paraphraser is left as it is. It has no batch norm, as in MMRazor, the translator has. The mean of the absolute differences, as in torchdistill and MMRazor, where the paper has their sum.',
  },
  forms: ['a feature map [h, w, channels]'],
  options: {
    paraphraseRate: z
      .number()
      .positive()
      .default(0.5)
      .describe('Channels of a factor, as a share of the teacher’s.'),
    paraphraserEpochs: z
      .number()
      .min(0)
      .default(20)
      .describe('Epochs in which the paraphraser alone is trained; may be a fraction.'),
    distance: z
      .enum(['absolute', 'length'])
      .default('absolute')
      .describe(
        'Of two factors: the mean absolute difference (p = 1), or the length of the difference (p = 2).',
      ),
  },
  resize: ['larger', 'average'],
  create({ paraphraseRate, paraphraserEpochs, distance }, { student, teacher, variables, name: prefix }) {
    const from = channelsOf(name, 'student', student);
    const to = channelsOf(name, 'teacher', teacher);
    const factor = Math.max(1, Math.floor(to * paraphraseRate));
    const encode = convolutions(variables, `${prefix}.encoder`, [to, to, factor, factor], 'none');
    const decode = convolutions(variables, `${prefix}.decoder`, [factor, factor, to, to], 'none');
    const translate = convolutions(variables, `${prefix}.translator`, [from, from, factor, factor], 'batch');
    return ({ student: own, teacher: theirs, inputs: { at, progress } }) => {
      const factors = encode(theirs, at);
      const rebuilt = tf.mean(tf.squaredDifference(decode(factors, at), theirs));
      const transfer = factorDistance(translate(own, at), stopGradient(factors), distance);
      const first = tf.cast(tf.less(progress.epoch, paraphraserEpochs), 'float32');
      return tf.add(tf.mul(first, rebuilt), tf.mul(tf.sub(1, first), transfer));
    };
  },
});

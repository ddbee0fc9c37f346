// Attention-guided and non-local distillation: FBKD for detectors (Zhang & Ma 2021, section 3).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import type { Layer } from '../../students/batch-norm.js';
import { initializers, zeros } from '../../students/init.js';
import { conv3x3 } from '../../students/parts.js';
import type { VariableSet } from '../../students/variables.js';
import { linear } from '../parts/connector.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { channelsOf } from '../parts/layer-shape.js';
import { lengths } from '../parts/relation-matrix.js';
import { stopGradient } from '@potstill/engine';

const name = 'attention-guided';

/** Mean over the batch of the length of each example's difference. */
const distance = (a: tf.Tensor, b: tf.Tensor, mask?: tf.Tensor) => {
  const difference = tf.sub(a, b);
  const weighed = mask ? tf.mul(difference, tf.sqrt(mask)) : difference;
  return tf.mean<tf.Scalar>(lengths(tf.reshape(weighed, [a.shape[0] ?? 1, -1])));
};

/** Softmax over positions, or channels, of the mean activation strength, times how many there are: [batch, h, w, 1] or [batch, 1, 1, c]. */
function attentionMask(x: tf.Tensor, over: 'positions' | 'channels', temperature: number): tf.Tensor {
  const strength = tf.mean(tf.abs(x), over === 'positions' ? [3] : [1, 2], true);
  const flat = tf.reshape(strength, [x.shape[0] ?? 1, -1]);
  const mask = tf.mul(tf.softmax(tf.div(flat, temperature)), flat.shape[1] ?? 1);
  return tf.reshape(mask, strength.shape);
}

/** A non-local block (dot product, halved channels): `x + W (q k^T / positions) g`. W is 0 at first. */
function nonLocal(set: VariableSet, prefix: string, channels: number): Layer {
  const half = Math.max(1, Math.floor(channels / 2));
  const [query, key, value] = ['query', 'key', 'value'].map((part) =>
    linear(set, `${prefix}.${part}`, channels, half),
  );
  const out = linear(set, `${prefix}.out`, half, channels, { init: zeros });
  return (x, at) => {
    const rows = tf.reshape(x, [x.shape[0] ?? 1, -1, channels]);
    const of = (layer: Layer | undefined) => (layer as Layer)(rows, at);
    // q (k^T g) is (q k^T) g without the matrix of all pairs of positions.
    const related = tf.matMul(of(query), tf.matMul(of(key), of(value), true, false));
    return tf.add(x, tf.reshape(out(tf.div(related, rows.shape[1] ?? 1), at), x.shape));
  };
}

const weight = (fallback: number, of: string) =>
  z.number().min(0).default(fallback).describe(`Weight of ${of}.`);

export const attentionGuided: AnyComponent = layerPairLoss(name, {
  help: 'Distances of feature maps by attention, of their means, and of non-local relations (FBKD, Zhang & Ma 2021).',
  method: {
    paper:
      'Zhang & Ma 2021: Improve Object Detection with Feature-based Knowledge Distillation: Towards Accurate and Efficient Detectors, section 3',
    url: 'https://openreview.net/forum?id=uKhGRvM8QNH',
    formula:
      'a |M (A1 z - v)| + b |A2 mean_hw(z) - mean_hw(v)| + c |A3 mean_c(z) - mean_c(v)| + d |A4 n(z) - n(v)|; M attention of both, n a non-local block',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: {
      papers: ['FBKD'],
      MMRazor: ['FBKDLoss', 'FBKDStudentConnector', 'FBKDTeacherConnector'],
    },
    example: { use: name, student: 'stage.2', teacher: 'stage.2' },
    note: 'Another method than knowledge review. The mean over the batch of each example’s lengths; MMRazor has one length over the whole batch. MMRazor’s mask is that of positions alone (`channelMask: false`). Its non-local block pools keys and values; here none are left out.',
  },
  forms: ['a feature map [h, w, channels]'],
  options: {
    masked: weight(7e-5, 'the masked difference, a'),
    channels: weight(4e-3, 'the channels’ means, b'),
    positions: weight(4e-3, 'the positions’ means, c'),
    relations: weight(7e-5, 'the non-local relations, d'),
    temperature: z.number().positive().default(0.5).describe('Divides both attentions before their softmax.'),
    channelMask: z
      .boolean()
      .default(true)
      .describe('The mask is the product of the positions’ and the channels’.'),
  },
  connector: 'auto',
  resize: ['larger', 'average'],
  create(options, { teacher, variables, name: prefix }) {
    const channels = channelsOf(name, 'teacher', teacher);
    const adapt = (part: string) => linear(variables, `${prefix}.${part}`, channels, channels);
    const [whole, channel, relation] = [adapt('whole'), adapt('channels'), adapt('relations')];
    const position = conv3x3(variables, `${prefix}.positions`, {
      from: 1,
      to: 1,
      norm: 'none',
      init: initializers['lecun-normal'],
    });
    const [own, theirs] = ['student', 'teacher'].map((part) =>
      nonLocal(variables, `${prefix}.${part}`, channels),
    ) as [Layer, Layer];
    return ({ student: x, teacher: v, inputs: { at } }) => {
      const mask = (over: 'positions' | 'channels') =>
        tf.mul(
          tf.add(attentionMask(x, over, options.temperature), attentionMask(v, over, options.temperature)),
          0.5,
        );
      const both = options.channelMask ? tf.mul(mask('positions'), mask('channels')) : mask('positions');
      const terms: [number, tf.Scalar][] = [
        [options.masked, distance(v, whole(x, at), stopGradient(both))],
        [options.channels, distance(tf.mean(v, [1, 2]), channel(tf.mean(x, [1, 2]), at))],
        [options.positions, distance(tf.mean(v, 3, true), position(tf.mean(x, 3, true), at))],
        [options.relations, distance(theirs(v, at), relation(own(x, at), at))],
      ];
      return tf.addN(terms.map(([factor, each]) => tf.mul<tf.Scalar>(each, factor)));
    };
  },
});

// Neuron selectivity transfer: distributions of the channels' activation patterns, compared by MMD (Huang & Wang 2017).
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { AnyComponent } from '../../contracts/index.js';
import { layerPairLoss } from '../parts/layer-pair.js';
import { unit } from '../parts/relation-matrix.js';
import { stopGradient } from '@potstill/engine';

const kernels = ['linear', 'polynomial', 'gaussian'] as const;
type Kernel = (typeof kernels)[number];

/**
 * Squared maximum mean discrepancy between the channels of two layers [batch, ..., channels], each channel a vector over the
 * positions, of length 1: mean over the batch. The numbers of channels may differ.
 */
function channelDiscrepancy(z: tf.Tensor, v: tf.Tensor, kernel: Kernel): tf.Scalar {
  const patterns = (x: tf.Tensor) => {
    const rows = tf.reshape(x, [x.shape[0] ?? 1, -1, x.shape.at(-1) as number]);
    return unit(tf.transpose(rows, [0, 2, 1]));
  };
  const [a, b] = [patterns(z), patterns(v)];
  const products = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, false, true);
  const [own, theirs, cross] = [products(a, a), products(b, b), products(a, b)];
  const of = kernelOf(kernel, cross);
  return tf.sub(tf.add(tf.mean(of(own)), tf.mean(of(theirs))), tf.mul(tf.mean(of(cross)), 2));
}

/** As functions of inner products of vectors of length 1, whose squared distance is `2 - 2 product`. */
function kernelOf(kernel: Kernel, cross: tf.Tensor): (product: tf.Tensor) => tf.Tensor {
  if (kernel === 'linear') return (product) => product;
  if (kernel === 'polynomial') return tf.square;
  const distance = (product: tf.Tensor) => tf.sub(2, tf.mul(product, 2));
  const variance = tf.maximum(stopGradient(tf.mean(distance(cross), [1, 2], true)), 1e-6);
  return (product) => tf.exp(tf.neg(tf.div(distance(product), tf.mul(variance, 2))));
}

export const neuronSelectivity: AnyComponent = layerPairLoss('neuron-selectivity', {
  help: 'Maximum mean discrepancy between channels’ activation patterns (NST, Huang & Wang 2017).',
  method: {
    paper:
      'Huang & Wang 2017: Like What You Like: Knowledge Distill via Neuron Selectivity Transfer, section 4',
    url: 'https://arxiv.org/abs/1707.01219',
    formula:
      'mean k(v, v) + mean k(z, z) - 2 mean k(z, v) over all pairs of channels, each a vector of length 1',
    family: 'features',
    student: ['feature map'],
    teacher: ['feature map'],
    aliases: { papers: ['NST', 'MMD'], mdistiller: ['NST'] },
    example: { use: 'neuron-selectivity', layers: 'stage.{2,3} -> stage.{2,3}' },
    note: 'Kernels of the paper: linear x^T y, polynomial (x^T y)^2, Gaussian with the mean squared distance between the student’s and the teacher’s channels of an example as its variance, which is taken as a constant. mdistiller has the polynomial one. TextBrewer’s nst (mmd) is another loss: see `position-similarity`.',
  },
  forms: ['a feature map [h, w, channels]'],
  options: { kernel: z.enum(kernels).default('polynomial').describe('The kernel of the discrepancy.') },
  resize: ['larger', 'average'],
  create:
    ({ kernel }) =>
    ({ student, teacher }) =>
      channelDiscrepancy(student, teacher, kernel),
});

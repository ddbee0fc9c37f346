// A graph attention network of two layers on one graph (Velickovic et al. 2018), without dropout.
import { type NamedTensors, randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { citationGraph, cora, type GraphSizes, nodesLoss } from './graph.js';
import { Initial, type Weights } from './layers.js';
import type { Member, Network } from './member.js';

/** The identity, through which no gradient flows: TF.js has no such operation. */
const still = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

/**
 * Softmax of `scores` [edges, heads] over the edges that share a target. The largest score of a head is taken off all of its edges,
 * which changes nothing and keeps exponentials finite; TF.js has no maximum by segment.
 */
function edgeSoftmax(scores: tf.Tensor, target: tf.Tensor1D, nodes: number): tf.Tensor {
  const e = tf.exp(tf.sub(scores, still(tf.max(scores, 0, true))));
  return tf.div(e, tf.gather(tf.unsortedSegmentSum(e, target, nodes), target));
}

/** h [nodes, inputs] to [nodes, heads, width] (equations 1 to 4 of the paper). */
function attend(h: tf.Tensor, name: string, weight: Weights, at: NamedTensors, heads: number): tf.Tensor {
  const [source, target] = [at.source, at.target] as [tf.Tensor1D, tf.Tensor1D];
  const [nodes = 0] = h.shape;
  const wide = tf.reshape(tf.matMul(h, weight(`${name}/kernel`)), [nodes, heads, -1]);
  const part = (leaf: string): tf.Tensor => tf.sum(tf.mul(wide, weight(`${name}/${leaf}`)), 2);
  const sums = tf.add(tf.gather(part('source'), source), tf.gather(part('target'), target));
  const share = tf.expandDims(edgeSoftmax(tf.leakyRelu(sums, 0.2), target, nodes), 2);
  return tf.unsortedSegmentSum(tf.mul(tf.gather(wide, source), share), target, nodes);
}

function gat(sizes: GraphSizes, heads: number, width: number, rate: number): Network {
  const { words, classes } = sizes;
  const initial = new Initial(randomStream(8));
  const add = (name: string, inputs: number, count: number, units: number): void => {
    initial.he(`${name}/kernel`, [inputs, count * units], inputs);
    initial.he(`${name}/source`, [count, units], units);
    initial.he(`${name}/target`, [count, units], units);
    initial.fill(`${name}/bias`, [count * units], 0);
  };
  add('layer0', words, heads, width);
  add('layer1', heads * width, 1, classes);
  const inputs = citationGraph(sizes, randomStream(8).child('graph'));

  const logits = (at: NamedTensors, weight: Weights): tf.Tensor2D => {
    const layer = (h: tf.Tensor, name: string, count: number): tf.Tensor2D => {
      const seen = tf.reshape<tf.Rank.R2>(attend(h, name, weight, at, count), [h.shape[0] ?? 0, -1]);
      return tf.add(seen, weight(`${name}/bias`));
    };
    return layer(tf.elu(layer(at.x as tf.Tensor, 'layer0', heads)), 'layer1', 1);
  };

  return {
    weights: initial.weights,
    rate,
    batch: () => inputs,
    loss: (at, weight) => ({ loss: nodesLoss(logits(at, weight), at) }),
    forward: (at, weight) => ({ logits: logits(at, weight) }),
  };
}

const small: GraphSizes = { nodes: 40, edges: 140, words: 30, classes: 4, labelled: 12 };

export const gatMember: Member = {
  name: 'gat',
  title: 'GAT, 8 heads of 8, on a graph of 2,708 nodes and 10,556 edges',
  make: (size) => (size === 'small' ? gat(small, 2, 4, 0.2) : gat(cora, 8, 8, 0.2)),
};

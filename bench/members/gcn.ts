// A graph convolutional network of two layers on one graph (Kipf & Welling 2017), without dropout.
import { type NamedTensors, randomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { citationGraph, cora, type GraphSizes, nodesLoss } from './graph.js';
import { Initial, type Weights } from './layers.js';
import type { Member, Network } from './member.js';

/** h [nodes, width] to sums over incoming edges of `weight * h[source]` (Kipf & Welling 2017, equation 2). */
function propagate(h: tf.Tensor2D, { source, target, weight }: NamedTensors): tf.Tensor2D {
  const messages = tf.mul(tf.gather(h, source as tf.Tensor1D), tf.expandDims(weight as tf.Tensor1D, 1));
  return tf.unsortedSegmentSum(messages, target as tf.Tensor1D, h.shape[0]) as tf.Tensor2D;
}

function gcn(sizes: GraphSizes, hidden: number, rate: number): Network {
  const initial = new Initial(randomStream(7));
  initial.dense('layer0', sizes.words, hidden);
  initial.dense('layer1', hidden, sizes.classes);
  const inputs = citationGraph(sizes, randomStream(7).child('graph'));

  const logits = (at: NamedTensors, weight: Weights): tf.Tensor2D => {
    const layer = (h: tf.Tensor, name: string): tf.Tensor2D => {
      const passed = propagate(tf.matMul(h, weight(`${name}/kernel`)), at);
      return tf.add(passed, weight(`${name}/bias`));
    };
    return layer(tf.relu(layer(at.x as tf.Tensor, 'layer0')), 'layer1');
  };

  return {
    weights: initial.weights,
    rate,
    // Every step sees the whole graph.
    batch: () => inputs,
    loss: (at, weight) => ({ loss: nodesLoss(logits(at, weight), at) }),
    forward: (at, weight) => ({ logits: logits(at, weight) }),
  };
}

const small: GraphSizes = { nodes: 60, edges: 220, words: 40, classes: 4, labelled: 12 };

export const gcnMember: Member = {
  name: 'gcn',
  title: 'GCN 1433-16-7 on a graph of 2,708 nodes and 10,556 edges',
  make: (size) => (size === 'small' ? gcn(small, 8, 0.2) : gcn(cora, 16, 1)),
};

// A citation graph with the sizes of Cora: nodes in communities, a few of them cited by many; sparse bags of words.
import type { HostTensors, NamedTensors, RandomStream } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs';
import { crossEntropy } from './layers.js';

export interface GraphSizes {
  readonly nodes: number;
  /** Directed edges, both directions of each citation; without self loops. Even. */
  readonly edges: number;
  readonly words: number;
  readonly classes: number;
  /** Nodes whose labels are known. */
  readonly labelled: number;
}

/** Cora as in Kipf & Welling 2017, table 1 (5,278 citations once duplicates are gone). */
export const cora: GraphSizes = { nodes: 2708, edges: 10556, words: 1433, classes: 7, labelled: 140 };

/** Words in a node's bag: Cora has 18 on average. */
const wordsInBag = 18;

/**
 * The inputs of a step. `x` float32 [nodes, words], rows sum to 1; `source`, `target` int32 [edges + nodes], sorted by
 * target, self loops included; `weight` float32 of the same length, `1 / sqrt(degree(source) degree(target))` with self
 * loops counted (Kipf & Welling 2017, section 2); `label` int32 [nodes]; `known` float32 [nodes], 1 for labelled nodes,
 * as many of each class; `teacher` float32 [nodes, classes].
 */
export function citationGraph(sizes: GraphSizes, random: RandomStream): HostTensors {
  const { nodes, classes, words, labelled } = sizes;
  const label = Int32Array.from({ length: nodes }, (_, i) => i % classes);
  const { source, target } = edgesOf(sizes, label, random.child('edges'));
  const degree = new Float64Array(nodes);
  for (const node of target) degree[node] = (degree[node] as number) + 1;
  const weight = Float32Array.from(
    source,
    (from, i) => 1 / Math.sqrt((degree[from] as number) * (degree[target[i] as number] as number)),
  );
  const teacher = random.child('teacher').normal(nodes * classes);
  for (let i = 0; i < nodes; i++) {
    const at = i * classes + (label[i] as number);
    teacher[at] = (teacher[at] as number) + 10;
  }
  const vector = [nodes];
  return {
    x: { dtype: 'float32', shape: [nodes, words], data: bagsOf(sizes, label, random.child('words')) },
    source: { dtype: 'int32', shape: [source.length], data: source },
    target: { dtype: 'int32', shape: [target.length], data: target },
    weight: { dtype: 'float32', shape: [weight.length], data: weight },
    label: { dtype: 'int32', shape: vector, data: label },
    known: {
      dtype: 'float32',
      shape: vector,
      // Classes go round, so the first nodes hold as many of each.
      data: Float32Array.from({ length: nodes }, (_, i) => (i < labelled ? 1 : 0)),
    },
    teacher: { dtype: 'float32', shape: [nodes, classes], data: teacher },
  };
}

/** Four of five citations stay within a class. Cited nodes are drawn as the cube of a uniform number: a heavy tail. */
function edgesOf(
  { nodes, edges, classes }: GraphSizes,
  label: Int32Array,
  random: RandomStream,
): { readonly source: Int32Array; readonly target: Int32Array } {
  const rank = random.child('rank').permutation(nodes);
  const pairs = new Set<number>();
  for (let i = 0; i < nodes; i++) pairs.add(i * nodes + i);
  const wanted = nodes + edges;
  const drawn = random.child('pairs').uniform(6 * wanted);
  for (let i = 0; pairs.size < wanted; i += 3) {
    const [first, second, within] = drawn.subarray(i, i + 3);
    if (first === undefined || second === undefined || within === undefined)
      throw new Error(`${edges} edges are too many for ${nodes} nodes`);
    const from = Math.floor(first * nodes);
    let to = rank[Math.floor(second ** 3 * nodes)] as number;
    // The nearest node of the same class: classes go round.
    if (within < 0.8) to = Math.min(to - (to % classes) + (label[from] as number), nodes - 1);
    if (from === to) continue;
    pairs.add(to * nodes + from);
    pairs.add(from * nodes + to);
  }
  const sorted = Float64Array.from(pairs).sort();
  return {
    source: Int32Array.from(sorted, (pair) => pair % nodes),
    target: Int32Array.from(sorted, (pair) => Math.floor(pair / nodes)),
  };
}

/** Half of a node's words come from its class's part of the dictionary. */
function bagsOf(
  { nodes, words, classes }: GraphSizes,
  label: Int32Array,
  random: RandomStream,
): Float32Array {
  const x = new Float32Array(nodes * words);
  const part = Math.floor(words / classes);
  for (let i = 0; i < nodes; i++) {
    const bag = new Set<number>();
    const drawn = random.at(i).uniform(wordsInBag);
    drawn.forEach((u, k) =>
      bag.add(k % 2 ? Math.floor(u * words) : (label[i] as number) * part + Math.floor(u * part)),
    );
    for (const word of bag) x[i * words + word] = 1 / bag.size;
  }
  return x;
}

/**
 * 0.3 hard cross-entropy of the nodes whose labels are known + 0.7 T^2 cross-entropy of all with the teacher's distribution,
 * both at T = 4. `logits` [nodes, classes].
 */
export function nodesLoss(logits: tf.Tensor2D, { label, known, teacher }: NamedTensors): tf.Scalar {
  const temperature = 4;
  const truth = tf.oneHot(label as tf.Tensor1D, logits.shape[1]).toFloat();
  const each = tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), -1));
  const hard = tf.div(tf.sum(tf.mul(each, known as tf.Tensor1D)), tf.sum(known as tf.Tensor1D));
  const target = tf.softmax(tf.div(teacher as tf.Tensor2D, temperature));
  const soft = crossEntropy(target, tf.div(logits, temperature));
  return tf.add(tf.mul(0.3, hard), tf.mul(0.7 * temperature ** 2, soft));
}

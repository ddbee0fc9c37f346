// Gradients of matrix products, sums of products and attention against finite differences.
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Case, expectTrueGradients } from '../helpers/differences.js';
import { bool, normals } from '../helpers/operands.js';
import { holdVisits } from '../helpers/visits.js';

const product = fc.record({
  rows: fc.integer({ min: 0, max: 4 }),
  inner: fc.integer({ min: 1, max: 4 }),
  columns: fc.integer({ min: 1, max: 4 }),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  // Batches that broadcast from both sides are left out: TF.js pairs them wrongly.
  batchA: fc.constantFrom<number[]>([], [1], [3], [2, 3]),
  batchB: fc.constantFrom<number[]>([], [1], [3], [2, 3]),
});

describe('gradients of matrix products', () => {
  it('are the derivatives over batches, broadcast ones too, and transposes', async () => {
    await fc.assert(
      fc.asyncProperty(product, async (p) => {
        const a = normals([...p.batchA, ...(p.transposeA ? [p.inner, p.rows] : [p.rows, p.inner])], 1);
        const b = normals([...p.batchB, ...(p.transposeB ? [p.columns, p.inner] : [p.inner, p.columns])], 2);
        await expectTrueGradients([
          {
            name: 'matMul',
            inputs: [a, b],
            op: (x, y) => tf.matMul(x, y, p.transposeA, p.transposeB),
          },
        ]);
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  it('are the derivatives of products of vectors', async () => {
    const [v, w, m] = [normals([4]), normals([4], 2), normals([3, 4], 3)];
    await expectTrueGradients([
      { name: 'dot', inputs: [v, w], op: (x, y) => tf.dot(x, y) },
      { name: 'matrix and vector', inputs: [m, v], op: (x, y) => tf.dot(x, y) },
      {
        name: 'outer product',
        inputs: [v, normals([3], 4)],
        op: (x: tf.Tensor1D, y: tf.Tensor1D) => tf.outerProduct(x, y),
      },
    ]);
  });

  it('are the derivatives through fused bias and activation', async () => {
    const activations = ['linear', 'relu', 'relu6'] as const;
    await expectTrueGradients(
      activations.flatMap((activation): Case[] =>
        [[5], [1, 5], []].map((bias) => ({
          name: `${activation} with a bias of [${bias.join()}]`,
          inputs: [normals([3, 4]), normals([4, 5], 2), normals(bias, 3)],
          op: (a, b, c) => tf.fused.matMul({ a, b, bias: c, activation }),
        })),
      ),
    );
  });

  it('are the derivatives of sums of products', async () => {
    const of: [string, ...number[][]][] = [
      ['ij,jk->ik', [2, 3], [3, 4]],
      ['bij,bkj->bik', [2, 3, 4], [2, 5, 4]],
      ['bthd,bshd->bhts', [1, 3, 2, 4], [1, 2, 2, 4]],
      ['ij->ji', [2, 3]],
      ['ij->i', [2, 3]],
      ['ij->', [2, 3]],
      ['i,j->ij', [2], [3]],
      ['ij,j->i', [2, 3], [3]],
      ['ij,ij->', [2, 3], [2, 3]],
      ['ij,jk->ik', [1, 1], [1, 1]],
    ];
    await expectTrueGradients(
      of.map(([equation, ...shapes]) => ({
        name: equation,
        inputs: shapes.map((shape, i) => normals(shape, i + 1)),
        op: (...x: tf.Tensor[]) => tf.einsum(equation, ...x),
      })),
    );
  });
});

describe('gradients of attention', () => {
  const heads = fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    heads: fc.integer({ min: 1, max: 2 }),
    queries: fc.integer({ min: 1, max: 4 }),
    keys: fc.integer({ min: 1, max: 4 }),
    depth: fc.integer({ min: 1, max: 3 }),
  });

  it('are the derivatives with causal and padding masks', async () => {
    await fc.assert(
      fc.asyncProperty(heads, async (g) => {
        const query = normals([g.batch, g.heads, g.queries, g.depth], 1);
        const [key, value] = [2, 3].map((seed) => normals([g.batch, g.heads, g.keys, g.depth], seed));
        // Every query sees the first key.
        const causal = bool(
          Array.from({ length: g.queries * g.keys }, (_, i) => Number(i % g.keys <= Math.floor(i / g.keys))),
          [1, 1, g.queries, g.keys],
        );
        const lengths = Array.from({ length: g.batch * g.keys }, (_, i) =>
          Number(i % g.keys <= Math.floor(i / g.keys)),
        );
        const attend = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, hide: (s: tf.Tensor) => tf.Tensor) =>
          tf.matMul(tf.softmax(hide(tf.mul(tf.matMul(q, k, false, true), g.depth ** -0.5))), v);
        await expectTrueGradients([
          {
            name: 'by where',
            inputs: [query, key, value, causal] as Case['inputs'],
            op: (q, k, v, m) => attend(q, k, v, (s) => tf.where(m, s, tf.fill(s.shape, -1e9))),
          },
          {
            name: 'by addition',
            inputs: [query, key, value, bool(lengths, [g.batch, 1, 1, g.keys])] as Case['inputs'],
            op: (q, k, v, m) =>
              attend(q, k, v, (s) => tf.add(s, tf.mul(tf.sub(tf.cast(m, 'float32'), 1), 1e9))),
          },
          {
            name: 'heads split from one projection',
            inputs: [
              normals([g.batch, g.queries, g.heads * g.depth], 4),
              normals([g.heads * g.depth, g.heads * g.depth * 3], 5),
            ],
            op: (x, w) => {
              const parts = tf
                .split(tf.matMul(x, w), 3, -1)
                .map((part) =>
                  tf.transpose(tf.reshape(part, [g.batch, g.queries, g.heads, g.depth]), [0, 2, 1, 3]),
                ) as [tf.Tensor, tf.Tensor, tf.Tensor];
              const seen = attend(...parts, (s) => s);
              return tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), [g.batch, g.queries, -1]);
            },
          },
        ]);
      }),
      { numRuns: 6, seed: 2 },
    );
  });
});

holdVisits(import.meta.url);

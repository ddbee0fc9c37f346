// The members on sequences and graphs in jax-js: twins of bench/members/{tdnn,transformer,gcn}.ts.
import { lax, nn, numpy as np } from '@jax-js/jax';
import type { HostTensor, HostTensors } from '@potstill/engine';
import {
  arrayOf,
  type Arrays,
  type At,
  batchNorm,
  classified,
  crossEntropy,
  dense,
  distillationLoss,
  type Twin,
} from './layers.js';

const arrays = (tensors: HostTensors): Arrays =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, arrayOf(tensor)]));

const dilations = [1, 2, 3, 1];

export const tdnn: Twin = {
  jit: false,
  /** Frames last: [batch, features, frames]. */
  inputs: ({ x, ...others }) => ({ x: arrayOf(x as HostTensor).transpose([0, 2, 1]), ...arrays(others) }),
  loss: (at) => {
    let h = at.input('x');
    dilations.forEach((dilation, i) => {
      const kernel = at.weight(`tdnn${i}/conv/kernel`);
      const pad = (dilation * ((kernel.shape[2] as number) - 1)) / 2;
      h = lax.convGeneralDilated(h, kernel, [1], [[pad, pad]], { rhsDilation: [dilation] });
      h = nn.relu(batchNorm(h, `tdnn${i}/norm`, at));
    });
    return distillationLoss(
      dense(h.transpose([0, 2, 1]), 'senones', at),
      at.input('label'),
      at.input('teacher'),
    );
  },
};

/** Over the last axis. */
function layerNorm(x: np.Array, name: string, at: At): np.Array {
  const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
  const variance = np.square(centred.ref).mean(-1, { keepdims: true });
  const normal = centred.div(np.sqrt(variance.add(1e-5)));
  return normal.mul(at.weight(`${name}/gamma`)).add(at.weight(`${name}/beta`));
}

const heads = 4;

/** x [batch, tokens, width]; `mask` [batch, 1, 1, tokens] is added to the scores. */
function attention(x: np.Array, name: string, mask: np.Array, at: At): np.Array {
  const [batch = 1, tokens = 1, width = 1] = x.shape;
  const split = dense(x, `${name}/qkv`, at).reshape([batch, tokens, 3, heads, width / heads]);
  const [query, key, value] = [0, 1, 2].map((part) =>
    (part < 2 ? split.ref : split).slice([], [], part).transpose([0, 2, 1, 3]),
  ) as [np.Array, np.Array, np.Array];
  const scores = np.matmul(query, key.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(width / heads));
  const mixed = np.matmul(nn.softmax(scores.add(mask)), value);
  return dense(mixed.transpose([0, 2, 1, 3]).reshape([batch, tokens, width]), `${name}/out`, at);
}

export const transformer: Twin = {
  jit: true,
  loss: (at) => {
    const real = at.input('real');
    const [batch = 1, tokens = 1] = real.shape;
    const mask = real.ref.mul(-1).add(1).reshape([batch, 1, 1, tokens]).mul(-1e9);
    const embeddings = at.weight('token/embeddings');
    const rows = embeddings.shape[0] as number;
    let h = np.matmul(nn.oneHot(at.input('ids'), rows), embeddings).add(at.weight('position/embeddings'));
    for (let i = 0; at.has(`block${i}/norm1/gamma`); i++) {
      const name = `block${i}`;
      h = h.ref.add(attention(layerNorm(h, `${name}/norm1`, at), name, mask.ref, at));
      const up = nn.gelu(dense(layerNorm(h.ref, `${name}/norm2`, at), `${name}/up`, at), {
        approximate: false,
      });
      h = h.add(dense(up, `${name}/down`, at));
    }
    mask.dispose();
    const weights = real.reshape([batch, tokens, 1]);
    const read = layerNorm(h, 'norm', at).mul(weights.ref);
    return classified(dense(read.sum(1).div(weights.sum(1)), 'classes', at), at);
  },
};

export const gcn: Twin = {
  jit: true,
  remark: 'the graph as a dense matrix (no segment sum)',
  /** `adjacency` [nodes, nodes] instead of lists of edges. */
  inputs: ({ source, target, weight, ...others }) => {
    const nodes = others.x?.shape[0] as number;
    const data = new Float32Array(nodes * nodes);
    source?.data.forEach((from, i) => {
      data[(target?.data[i] as number) * nodes + from] = weight?.data[i] as number;
    });
    return { ...arrays(others), adjacency: arrayOf({ dtype: 'float32', shape: [nodes, nodes], data }) };
  },
  loss: (at) => {
    const layer = (h: np.Array, name: string): np.Array =>
      np
        .matmul(at.input('adjacency'), np.matmul(h, at.weight(`${name}/kernel`)))
        .add(at.weight(`${name}/bias`));
    const logits = layer(nn.relu(layer(at.input('x'), 'layer0')), 'layer1');
    const truth = nn.oneHot(at.input('label'), logits.shape[1] as number);
    const each = truth.mul(nn.logSoftmax(logits.ref)).sum(-1).neg();
    const hard = each.mul(at.input('known')).sum().div(at.input('known').sum());
    const soft = crossEntropy(nn.softmax(at.input('teacher').div(4)), logits.div(4));
    return hard.mul(0.3).add(soft.mul(0.7 * 16));
  },
};

// The vision members in jax-js: twins of bench/members/{mlp,cnn,resnet,mobilenet,ssd}.ts.
import { nn, numpy as np } from '@jax-js/jax';
import {
  type At,
  classified,
  conv,
  convNorm,
  dense,
  distillationLoss,
  globalPool,
  images,
  type Twin,
} from './layers.js';

export const mlp: Twin = {
  jit: true,
  loss: (at) => {
    const first = nn.relu(dense(at.input('x'), 'dense0', at));
    return classified(dense(nn.relu(dense(first, 'dense1', at)), 'dense2', at), at);
  },
};

/** 2x2, without overlap. */
function maxPool(x: np.Array): np.Array {
  const [count = 1, channels = 1, height = 2, width = 2] = x.shape;
  return x.reshape([count, channels, height / 2, 2, width / 2, 2]).max([3, 5]);
}

export const cnn: Twin = {
  jit: false,
  inputs: images,
  loss: (at) => {
    let h = at.input('x');
    for (const name of ['conv0', 'conv1', 'conv2']) h = maxPool(nn.relu(conv(h, name, at)));
    return classified(dense(globalPool(h), 'dense', at), at);
  },
};

/** Option A: every second pixel, zeros for the new channels. */
function shortcut(x: np.Array): np.Array {
  const [count = 1, channels = 1, height = 2, width = 2] = x.shape;
  const pairs = x.reshape([count, channels, height / 2, 2, width / 2, 2]);
  const every = pairs.slice([], [], [], 0, [], 0);
  return np.pad(every, { 1: [0, channels] });
}

export const resnet20: Twin = {
  jit: false,
  inputs: images,
  loss: (at) => {
    let h = nn.relu(convNorm(at.input('x'), 'stem', at));
    for (let i = 0; i < 9; i++) {
      const halves = i === 3 || i === 6;
      const first = nn.relu(convNorm(h.ref, `blocks/${i}/first`, at, { stride: halves ? 2 : 1 }));
      const second = convNorm(first, `blocks/${i}/second`, at);
      h = nn.relu(second.add(halves ? shortcut(h) : h));
    }
    return classified(dense(globalPool(h), 'dense', at), at);
  },
};

/** Of the ten blocks; the small size has the first three. */
const strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1];

export const mobilenet: Twin = {
  jit: false,
  inputs: images,
  loss: (at) => {
    let h = nn.relu6(convNorm(at.input('x'), 'stem', at, { stride: 2 }));
    strides.forEach((stride, i) => {
      if (!at.has(`blocks/${i}/spread/conv/kernel`)) return;
      const before = h.ref;
      const widened = at.has(`blocks/${i}/widen/conv/kernel`);
      const wide = widened ? nn.relu6(convNorm(h, `blocks/${i}/widen`, at)) : h;
      const spread = nn.relu6(convNorm(wide, `blocks/${i}/spread`, at, { stride, depthwise: true }));
      h = convNorm(spread, `blocks/${i}/narrow`, at);
      if (String(h.shape) === String(before.shape)) h = h.add(before);
      else before.dispose();
    });
    h = nn.relu6(convNorm(h, 'head', at));
    return classified(dense(globalPool(h), 'dense', at), at);
  },
};

/** A head's [batch, anchors * size, h, w] to [batch, boxes, size]. */
function head(x: np.Array, name: string, size: number, at: At): np.Array {
  const map = conv(x, name, at);
  const [count = 1, channels = 1, height = 1, width = 1] = map.shape;
  return map.transpose([0, 2, 3, 1]).reshape([count, (height * width * channels) / size, size]);
}

/** Smooth L1 summed over the four offsets, mean over the boxes matched with an object. */
function boxLoss(boxes: np.Array, target: np.Array, label: np.Array): np.Array {
  const matched = label.greater(0).astype(np.float32);
  const distance = np.abs(boxes.sub(target));
  const capped = np.minimum(distance.ref, 1);
  const smooth = capped.ref.mul(distance.sub(capped.mul(0.5))).sum(-1);
  return smooth.mul(matched.ref).sum().div(np.maximum(matched.sum(), 1));
}

export const ssd: Twin = {
  jit: false,
  inputs: images,
  loss: (at) => {
    let h = at.input('x');
    const [logits, boxes]: [np.Array[], np.Array[]] = [[], []];
    const classes = at.input('teacher').shape.at(-1) as number;
    for (let i = 0; at.has(`stages/${i}/down/conv/kernel`); i++) {
      h = nn.relu(convNorm(h, `stages/${i}/down`, at, { stride: 2 }));
      h = nn.relu(convNorm(h, `stages/${i}/same`, at));
      if (!at.has(`stages/${i}/classes/kernel`)) continue;
      logits.push(head(h.ref, `stages/${i}/classes`, classes, at));
      boxes.push(head(h.ref, `stages/${i}/boxes`, 4, at));
    }
    h.dispose();
    const kinds = distillationLoss(np.concatenate(logits, 1), at.input('label'), at.input('teacher'));
    return kinds.add(boxLoss(np.concatenate(boxes, 1), at.input('box'), at.input('label')));
  },
};

// Members in jax-js by name.
import type { Twin } from './layers.js';
import { gcn, tdnn, transformer } from './sequence.js';
import { cnn, mlp, mobilenet, resnet20, ssd } from './vision.js';

export const twins: Readonly<Record<string, Twin>> = {
  'mlp-800': mlp,
  'mlp-64': mlp,
  cnn,
  'resnet-20': resnet20,
  'mobilenet-v2': mobilenet,
  tdnn,
  transformer,
  gcn,
  ssd,
};

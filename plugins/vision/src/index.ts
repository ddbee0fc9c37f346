// The plugin @potstill/vision: image data and augmentation.
import { createRequire } from 'node:module';
import { definePlugin } from 'potstill';
import { idx } from './idx.js';
import { imageFolder } from './image-folder.js';
import { mnist } from './mnist.js';
import { crop, flip, pixelShift } from './transforms.js';

const { version, peerDependencies } = createRequire(import.meta.url)('../package.json') as {
  readonly version: string;
  readonly peerDependencies: { readonly potstill: string };
};

export default definePlugin({
  name: '@potstill/vision',
  version,
  potstill: peerDependencies.potstill,
  components: [mnist, idx, imageFolder, pixelShift, crop, flip],
});

// Random operations of training steps. All draw from the step's counter-based streams: the same on every backend.
export { randomCrop } from './crop.js';
export { dropPath } from './drop-path.js';
export { dropout } from './dropout.js';
export { featureMask, type FeatureMaskOptions } from './feature-mask.js';
export { gumbelSoftmax } from './gumbel.js';
export { gaussianNoise } from './noise.js';

// All update rules and limits.
export { adam, adamw, type AdamOptions } from './adam.js';
export { clipByGlobalNorm, clipByNorm, clipByValue, maxNorm } from './limits.js';
export { sgd, type SgdOptions } from './sgd.js';

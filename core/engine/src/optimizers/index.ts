// All update rules and limits.
export { adagrad, type AdagradOptions } from './adagrad.js';
export { adam, adamw, type AdamOptions } from './adam.js';
export { averaged, type AveragedOptions } from './averaged.js';
export { dot, dotTerms, type DotOptions } from './dot.js';
export { freeze, withGroups, type ParameterGroup } from './groups.js';
export { lamb, type LambOptions } from './lamb.js';
export { clipByGlobalNorm, clipByNorm, clipByValue, maxNorm } from './limits.js';
export { lion, type LionOptions } from './lion.js';
export { matchesName, type NamePattern } from './names.js';
export { rmsprop, type RmspropOptions } from './rmsprop.js';
export { sgd, type SgdOptions } from './sgd.js';

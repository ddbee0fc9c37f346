// Data sets, batches and readers.
export { gatherRows, rowView, elementCount, shapeText } from './arrays.js';
export { batchCount, type BatchOptions, type BatchOrder } from './batch-options.js';
export { batches } from './batches.js';
export { classIndex, classList, className, sameClasses } from './classes.js';
export { descriptionOf } from './describe.js';
export { canonicalJson, fingerprint, type FingerprintPart } from './fingerprint.js';
export { memoryDataset, type MemoryDatasetOptions } from './memory.js';
export { resolveDataPath } from './paths.js';
export { remapClasses } from './remap.js';
export { batchOf, sampleIndices, type Population } from './sample.js';
export { classPasses, filterClasses, range, subset, type ClassFilter } from './select.js';
export { checkTargets, targetOf, type TargetRule } from './targets.js';
export { joinTransfer } from './transfer.js';
export { stack, type StackOptions } from './stack.js';

// Data sets, batches and readers.
export { gatherRows, rowView, elementCount, shapeText } from './arrays.js';
export { freeAxes, freeAxesOf, isRagged, type FreeAxis } from './axes.js';
export { batchCount, type BatchOptions, type BatchOrder } from './batch-options.js';
export { batches } from './batches.js';
export { chooseBuckets, paddedLengths, paddingShare, type BucketChoice } from './buckets.js';
export { classIndex, classList, className, sameClasses } from './classes.js';
export { descriptionOf } from './describe.js';
export { canonicalJson, fingerprint, type FingerprintPart } from './fingerprint.js';
export { examplesDataset, type ExamplesDatasetOptions } from './examples.js';
export { measureLengths, withBuckets, withChosenBuckets, type Lengths } from './measure.js';
export { memoryDataset, type MemoryDatasetOptions } from './memory.js';
export { lengthsFor, pad, padBatch, unpad } from './pad.js';
export { resolveDataPath } from './paths.js';
export { remapClasses } from './remap.js';
export { batchOf, sampleIndices, type Population } from './sample.js';
export { classPasses, filterClasses, range, subset, type ClassFilter } from './select.js';
export { checkTargets, targetOf, type TargetRule } from './targets.js';
export { stack, type StackOptions } from './stack.js';

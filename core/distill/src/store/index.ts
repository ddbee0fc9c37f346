// Where teachers' answers are kept.
export { diskTeacherStore, type DiskStoreOptions } from './disk-store.js';
export { memoryTeacherStore } from './memory-store.js';
export { canBeKept, onlyOutputs } from './only-outputs.js';

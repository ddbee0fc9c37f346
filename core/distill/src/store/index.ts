// Where teachers' answers are kept.
export { chooseStored, listStored, type StoredOutput } from './catalogue.js';
export { exportStored } from './export-store.js';
export { prunable, removeForgotten, removeStored } from './prune-store.js';
export { verifyStored } from './verify-store.js';
export { diskTeacherStore, type DiskStoreOptions } from './disk-store.js';
export { memoryTeacherStore } from './memory-store.js';
export { canBeKept, onlyOutputs } from './only-outputs.js';

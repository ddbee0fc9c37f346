// Where teachers' answers are kept.
export { diskTeacherStore } from './disk-store.js';
export { memoryTeacherStore } from './memory-store.js';
export { canBeKept, onlyOutputs } from './only-outputs.js';

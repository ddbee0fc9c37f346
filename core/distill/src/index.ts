// The public door of potstill.
export type * from './contracts/index.js';
export { errorCodes, exitCodeOf, exitCodes, type ErrorCodeName } from './errors/codes.js';
export { PotstillError, type ErrorRecord, type SourceLocation } from './errors/potstill-error.js';
export * from './plugin/define.js';
export type * from './recipe/plan.js';
export type { ComponentLookup, FoundComponent } from './recipe/lookup.js';
export * from './data/index.js';
export type { RandomStream } from '@potstill/engine';
export {
  crossEntropy,
  logitMatching,
  lossComponents,
  softTargets,
  type SoftTargetsOptions,
} from './losses/index.js';
export { studentComponents } from './students/index.js';
export { optimizerComponents } from './train/optimizers.js';
export { scheduleComponents } from './train/schedules.js';

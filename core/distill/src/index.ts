// The public door of potstill.
export type * from './contracts/index.js';
export { errorCodes, exitCodeOf, exitCodes, type ErrorCodeName } from './errors/codes.js';
export { aboutOption } from './errors/option.js';
export { PotstillError, type ErrorRecord, type SourceLocation } from './errors/potstill-error.js';
export * from './plugin/define.js';
export type * from './recipe/plan.js';
export type { ComponentLookup, FoundComponent } from './recipe/lookup.js';
export * from './data/index.js';
export type { RandomStream } from '@potstill/engine';
export {
  binaryCrossEntropy,
  crossEntropy,
  lengthMask,
  logitMatching,
  lossComponents,
  maskedMean,
  linearAlignment,
  softTargets,
  squaredError,
  type SoftTargetsOptions,
} from './losses/index.js';
export {
  inspectModel,
  openOnnxTeacher,
  openStudentTeacher,
  readModelFile,
  teacherComponents,
  type FunctionTeacher,
  type InnerValue,
  type InspectedModel,
  type InputOptions,
  type InspectedValue,
  type ModelFile,
  type Nested,
  type OnnxTeacherOptions,
  type OutputRequest,
  type OutputsOption,
  type PlainAnswers,
  type TeacherFunction,
} from './teach/index.js';
export { diskTeacherStore, memoryTeacherStore } from './store/index.js';
export { studentComponents } from './students/index.js';
export { optimizerComponents } from './train/optimizers.js';
export { scheduleComponents } from './train/schedules.js';
export { errorJson, formatError, formatErrors, type FormatOptions } from './errors/format.js';
export { exitCodeOfError, recordsOf } from './errors/records.js';
export { explainCode } from './errors/explain.js';
export { loadRecipe, planRecipe, readRecipe, type LoadOptions, type ReadOptions } from './recipe/load.js';
export { componentsJsonSchema } from './recipe/component-schema.js';
export { recipeJsonSchema } from './recipe/json-schema.js';
export { recipeHash, resolvedRecipe, trainHash } from './recipe/resolved.js';
export { explain, explainComponent, optionRows, type OptionRow } from './container/explain.js';
export { loadPlugins } from './container/load-plugins.js';
export { openRecipe, type OpenOptions, type OpenRecipe } from './container/open-recipe.js';
export { createRegistry, type PluginEntry, type Registry } from './container/registry.js';
export {
  createRunContainer,
  type RunContainer,
  type RunContainerOptions,
} from './container/run-container.js';
export {
  serviceId,
  standardServices,
  type ServiceFactories,
  type StandardServices,
} from './container/services.js';
export { metricComponents } from './evaluate/components.js';
export { evaluateModel, type EvaluateModel } from './evaluate/evaluate-model.js';
export type { Predictions } from './evaluate/predictions.js';
export { rowMetric, type RowMetric } from './evaluate/row-metric.js';
export { exporterComponents } from './export/components.js';
export { measureLatency, medianTime, type LatencyOptions } from './export/latency.js';
export type { ReportInput } from './report/report-input.js';
export { renderReport, writeReport } from './report/write-report.js';
export { describeMachine, type Machine } from './report/machine.js';
export { builtInPlugin } from './run/built-in.js';
export { runRecipe, type RunResult } from './run/run-recipe.js';
export type { RunOptions } from './run/options.js';
export type { ModelSummary, Summary, SummaryWarning } from './run/summary.js';
export { readWeights, type EpochRecord, type Weights } from './train/checkpoint.js';
export { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from './files/safetensors.js';

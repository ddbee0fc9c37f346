// The public door `potstill/testing`: what tests of plugins are made of. Works with any test runner.
export { allClose, type Tolerance } from './all-close.js';
export { applyTransform, type TransformTrial } from './apply-transform.js';
export { checkGradients, type GradientTolerance } from './check-gradients.js';
export { checkGoldenCases, goldenCases, trialOf, type GoldenCase } from './check-golden-cases.js';
export { golden } from './golden.js';
export { makeComponent, type Given } from './make-component.js';
export { runLoss, type LossRun, type LossTrial } from './run-loss.js';
export { runMetric, type MetricBatch, type MetricTrial } from './run-metric.js';
export { runTiny, type TinyRun, type TinyTrial } from './run-tiny.js';
export { stepContext, type Drawn } from './step-context.js';
export { tinyDataset, tinyStudent, tinyTeacher } from './tiny.js';
export { int32, type Values } from './values.js';

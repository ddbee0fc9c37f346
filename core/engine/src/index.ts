// The public door of @potstill/engine.
import { silenceBanner } from './tfjs.js';

export * from './types.js';
export { EngineError, engineErrorCodes, type EngineErrorCode, type EngineErrorDetails } from './errors.js';
export { randomStream, type RandomStream } from './random/stream.js';
export {
  adagrad,
  adam,
  adamw,
  averaged,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  dot,
  dotTerms,
  freeze,
  lamb,
  lion,
  matchesName,
  maxNorm,
  rmsprop,
  sgd,
  withGroups,
  type AdagradOptions,
  type AdamOptions,
  type AveragedOptions,
  type DotOptions,
  type LambOptions,
  type LionOptions,
  type NamePattern,
  type ParameterGroup,
  type RmspropOptions,
  type SgdOptions,
} from './optimizers/index.js';
export { createEngine } from './engine.js';
export { bucketFor, bucketLengths, type BucketOptions } from './batches/buckets.js';
export { padBatch, type PaddedBatch, type PadOptions } from './batches/pad.js';
export {
  dropPath,
  dropout,
  featureMask,
  gaussianNoise,
  gumbelSoftmax,
  randomCrop,
  type FeatureMaskOptions,
} from './random-ops/index.js';
export { scan, type ScanOperands, type ScanResults } from './recurrent/scan.js';
export type { Cell } from './recurrent/cell.js';
export { gru, type GruOptions } from './recurrent/gru.js';
export { lstm, type LstmOptions, type LstmState } from './recurrent/lstm.js';
export {
  bidirectional,
  type RecurrentOptions,
  type RecurrentResults,
  type RecurrentWeights,
} from './recurrent/sequence.js';
export {
  gruVariables,
  lstmVariables,
  type RecurrentSizes,
  type RecurrentVariables,
} from './recurrent/variables.js';
export { checkpoint } from './recompute/checkpoint.js';
export { stopGradient } from './stop-gradient.js';
export { withGradients } from './kernels/gradients/install.js';
export { fit } from './fit/fit.js';
export { fixBatchNorms } from './fit/batch-norm.js';
export type { FitArgs, FitData, FitHistory } from './fit/args.js';
export { exportOnnx } from './export/export.js';
export {
  readOnnxModel,
  writeOnnxModel,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './onnx/model.js';
export { tapOutputs } from './onnx/tap.js';
export { makeFolder } from './session/make-folder.js';
/** ONNX Runtime with its telemetry off: use this instead of importing onnxruntime-node. */
export * as ort from './onnx-runtime.js';

silenceBanner();

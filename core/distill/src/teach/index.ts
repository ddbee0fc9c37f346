// Teachers that come with potstill.
import type { AnyComponent } from '../contracts/index.js';
import { checkpoint } from './checkpoint.js';
import { ensemble } from './ensemble/ensemble.js';
import { functionTeacher } from './function.js';
import { meanTeacher } from './graph/mean-teacher.js';
import { noisyTeacher } from './graph/noisy.js';
import { peersTeacher } from './graph/peers.js';
import { selfTeacher } from './graph/self.js';
import { onnx } from './onnx.js';
import { outputsTeacher } from './outputs-teacher.js';
import { specialists } from './specialists/specialists.js';
import { tfjs } from './tfjs/tfjs.js';
import { transformers } from './transformers/transformers.js';

export { openModel, openStudentTeacher } from './checkpoint.js';
export type { FunctionTeacher, TeacherFunction } from './function.js';
export type { Nested, PlainAnswers } from './function-answers.js';
export { inspectModel, type InnerValue, type InspectedModel, type InspectedValue } from './inspect.js';
export { openOnnxTeacher, type OnnxTeacherOptions } from './onnx-teacher.js';
export { paddedTeacher } from './padded.js';
export { readModelFile, type ModelFile } from './model-file.js';
export { clusterClasses } from './specialists/cluster.js';
export { PredictionCovariance } from './specialists/covariance.js';
export { probabilities } from './specialists/members.js';
export type { InputOptions } from './input.js';
export type { OutputRequest, OutputsOption } from './outputs.js';

export const teacherComponents: readonly AnyComponent[] = [
  onnx,
  checkpoint,
  functionTeacher,
  outputsTeacher,
  ensemble,
  specialists,
  transformers,
  tfjs,
  selfTeacher,
  meanTeacher,
  peersTeacher,
  noisyTeacher,
];

// Teachers that come with potstill.
import type { AnyComponent } from '../contracts/index.js';
import { checkpoint } from './checkpoint.js';
import { onnx } from './onnx.js';

export { openModel, openStudentTeacher } from './checkpoint.js';
export { alignClasses } from './class-order.js';
export { inspectModel, type InnerValue, type InspectedModel, type InspectedValue } from './inspect.js';

export const teacherComponents: readonly AnyComponent[] = [onnx, checkpoint];

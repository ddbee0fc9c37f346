// The exporters that come with potstill.
import type { AnyComponent } from '../contracts/index.js';
import { onnx } from './onnx.js';
import { tfjs } from './tfjs.js';

export const exporterComponents: readonly AnyComponent[] = [onnx, tfjs];

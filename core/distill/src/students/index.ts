// The students of the core, and the list that is registered.
import type { AnyComponent } from '../contracts/index.js';
import { cnnStudent } from './cnn.js';
import { layersStudent } from './layers.js';
import { mlpStudent } from './mlp.js';

export { parameterCount } from './parameter-count.js';

export const studentComponents: readonly AnyComponent[] = [mlpStudent, cnnStudent, layersStudent];
export { forwardOf } from './forward-of.js';

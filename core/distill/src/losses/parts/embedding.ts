// A layer as one vector, mapped linearly to a space of its own and brought to length 1.
import type * as tf from '@tensorflow/tfjs-core';
import type { TensorSpecs } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { VariableSet } from '../../students/variables.js';
import { linear } from './connector.js';
import { unit } from './relation-matrix.js';

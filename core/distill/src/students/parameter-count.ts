// The size of a student.
import type { Student } from '../contracts/index.js';

/** Number of weights: the elements of all variables. */
export function parameterCount(student: Student): number {
  return student.variables.reduce((sum, { variable }) => sum + variable.size, 0);
}

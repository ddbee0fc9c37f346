// A student's forward pass cut down to some of its outputs, so that nothing else is computed.
import type { Forward, Student } from '../contracts/index.js';

export function forwardOf(student: Student, names: readonly string[]): Forward {
  return (inputs, at) => {
    const all = student.forward(inputs, at);
    return Object.fromEntries(
      names.flatMap((name) => {
        const tensor = all[name];
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
  };
}

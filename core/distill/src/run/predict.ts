// A student as it stands, as a function from batches to outputs.
import type { Engine, HostTensors } from '@potstill/engine';
import type { Batch, Student } from '../contracts/index.js';
import { forwardOf } from '../students/index.js';
import { fieldsOf } from '../train/fields.js';

export interface Predict {
  run(batch: Batch): Promise<HostTensors>;
  dispose(): Promise<void>;
}

/** Takes the weights as they are now; later changes are not seen. `outputs`: those that are computed, default all. */
export async function predictorOf(
  engine: Engine,
  student: Student,
  inputs: readonly string[],
  outputs?: readonly string[],
): Promise<Predict> {
  const predictor = await engine.predictor({
    variables: student.variables,
    forward: outputs ? forwardOf(student, outputs) : (tensors, at) => student.forward(tensors, at),
  });
  return { run: (batch) => predictor.run(fieldsOf(batch, inputs)), dispose: () => predictor.dispose() };
}

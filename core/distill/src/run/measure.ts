// Size and speed of models, as a user of the exported file meets them.
import { exportOnnx } from '@potstill/engine';
import { batches } from '../data/index.js';
import type { DataDescription, Example, Student, Teacher } from '../contracts/index.js';
import type { RandomStream } from '@potstill/engine';
import { inputSpecs } from '../export/inputs.js';
import { measureLatency, medianTime } from '../export/latency.js';
import { chosenOutputs } from '../export/outputs.js';
import { forwardOf } from '../students/index.js';
import { fieldsOf } from '../train/fields.js';
import type { OpenData } from './data.js';

export interface Size {
  readonly parameters: number | undefined;
  readonly bytes: number | undefined;
  readonly latencyMs: number | undefined;
}

/** The first example as the model gets it, inputs and their lengths alone; undefined without examples. */
export async function exampleOf(
  data: OpenData,
  inputs: readonly string[],
  random: RandomStream,
): Promise<Example | undefined> {
  const { dataset, transforms, name } = data;
  for await (const batch of batches(dataset, { size: 1, transforms, name, random }))
    return Object.fromEntries(
      Object.entries(fieldsOf(batch, inputs)).map(([name, tensor]) => [
        name,
        { ...tensor, shape: tensor.shape.slice(1) },
      ]),
    );
  return undefined;
}

/** Size and latency of the student as an ONNX file, which is not written. Where it cannot be exported, nothing is known. */
export async function measureStudent(
  student: Student,
  data: DataDescription,
  example: Example,
): Promise<Omit<Size, 'parameters'>> {
  const content = await exportOnnx({
    variables: student.variables,
    inputs: inputSpecs('onnx', data),
    forward: forwardOf(student, chosenOutputs('onnx', student, undefined)),
  });
  return { bytes: content.length, latencyMs: await measureLatency(content, example) };
}

/** A teacher's own: what it says of itself, and its median time for one example. */
export async function measureTeacher(teacher: Teacher, example: Example): Promise<Size> {
  const tensors = Object.fromEntries(
    Object.entries(example).map(([name, tensor]) => [name, { ...tensor, shape: [1, ...tensor.shape] }]),
  );
  const batch = { size: 1, tensors, indices: [0] };
  return {
    parameters: teacher.parameters,
    bytes: teacher.bytes,
    latencyMs:
      teacher.live === false
        ? undefined
        : await medianTime(() => teacher.label(batch), { warmUp: 5, runs: 50 }),
  };
}

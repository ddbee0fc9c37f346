// Outputs of a student and a teacher as the costs of losses are measured on: those of ResNet-20 and ResNet-56 on CIFAR images,
// and of a small transformer beside one that is twice as wide.
import { randomStream, type HostTensor, type HostTensors } from '@potstill/engine';

export const batch = 128;
export const classes = 10;
const sequences = 32;

const shapes = (wide: number): Readonly<Record<string, readonly number[]>> => ({
  logits: [batch, classes],
  features: [batch, 64],
  'stage.1': [batch, 32, 32, 16],
  'stage.2': [batch, 16, 16, 32],
  'stage.3': [batch, 8, 8, 64],
  'states.0': [sequences, 64, 128 * wide],
  'states.1': [sequences, 64, 128 * wide],
  'states.2': [sequences, 64, 128 * wide],
  'attention.0': [sequences, 4 * wide, 64, 64],
  'attention.1': [sequences, 4 * wide, 64, 64],
  'queries.0': [sequences, 64, 128 * wide],
  'keys.0': [sequences, 64, 128 * wide],
  'values.0': [sequences, 64, 128 * wide],
});

function drawn(name: string, shape: readonly number[], seed: number): HostTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = randomStream(seed).child(name).normal(size);
  // What comes out of a ReLU, and of a softmax.
  if (name.startsWith('stage') || name === 'features')
    data.forEach((each, i) => (data[i] = Math.max(0, each)));
  if (name.startsWith('attention')) {
    const length = shape.at(-1) as number;
    for (let start = 0; start < size; start += length) {
      const row = data.subarray(start, start + length).map(Math.exp);
      const sum = row.reduce((total, each) => total + each, 0);
      row.forEach((each, i) => (data[start + i] = each / sum));
    }
  }
  return { dtype: 'float32', shape: [...shape], data };
}

/** `sameShape`: the teacher's transformer is no wider than the student's. */
export function outputs(whose: 'student' | 'teacher', sameShape = false): HostTensors {
  const wide = whose === 'teacher' && !sameShape ? 2 : 1;
  const seed = whose === 'student' ? 1 : 2;
  return Object.fromEntries(
    Object.entries(shapes(wide)).map(([name, shape]) => [name, drawn(name, shape, seed)]),
  );
}

/** One label an example. */
export function labels(): HostTensor {
  return {
    dtype: 'int32',
    shape: [batch],
    data: Int32Array.from({ length: batch }, (_, i) => (i * 7) % classes),
  };
}

// Padded answers: their lengths beside them and zeros in the padding, so that an answer does not depend on the batch.
import type { DataDescription, HostTensor, HostTensors, Teacher } from '../contracts/index.js';
import { isRagged, lengthsFor, pad, stack, unpad } from '../data/index.js';

/**
 * The teacher with `<output>.length` beside each output that varies, where the data's axis of that name (or the only one of their inputs)
 * tells it and the teacher does not, and zeros beyond. The teacher itself where no output varies.
 */
export function paddedTeacher(teacher: Teacher, data: Pick<DataDescription, 'spec' | 'inputs'>): Teacher {
  const { outputs } = teacher;
  if (!isRagged(outputs)) return teacher;
  return {
    ...teacher,
    async label(batch) {
      const answers = await teacher.label(batch);
      const all: Record<string, HostTensor> = { ...answers };
      for (const [name, output] of Object.entries(outputs)) {
        const answer = answers[name];
        if (!answer || !output.shape.includes(null) || answer.shape[0] !== batch.size) continue;
        const lengths = lengthsFor(name, output, answers, { batch: batch.tensors, data });
        if (!lengths) continue;
        all[name] = zeroBeyond(answer, output.shape, lengths);
        all[`${name}.length`] = lengths;
      }
      return all satisfies HostTensors;
    },
    dispose: () => teacher.dispose(),
  };
}

function zeroBeyond(tensor: HostTensor, shape: readonly (number | null)[], lengths: HostTensor): HostTensor {
  const spec = { x: { dtype: tensor.dtype, shape } };
  const rows = unpad(tensor, spec.x, lengths).map((x) => ({ x }));
  const whole = stack(rows, spec, [...rows.keys()]).tensors.x;
  return whole ? pad(whole, tensor.shape) : tensor;
}

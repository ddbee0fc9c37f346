// Answers padded as the batch that they are about, whatever they were padded to when they were stored.
import type { Batch, HostTensor, HostTensors, TensorSpecs } from '../contracts/index.js';
import { freeAxes, freeAxesOf } from './axes.js';
import { cut, pad } from './pad.js';

/**
 * Outputs with axes of varying length, padded as the batch: an axis that has the name of one of the data, or the same
 * lengths, is as long as that. Others are padded to a multiple of 8, so that few shapes are compiled.
 */
export function fitAnswers(
  answers: HostTensors,
  outputs: TensorSpecs,
  batch: Batch,
  data: TensorSpecs,
): HostTensors {
  const all: Record<string, HostTensor> = { ...answers };
  for (const [name, spec] of Object.entries(outputs)) {
    const answer = answers[name];
    const axes = freeAxesOf(name, spec);
    if (!answer || axes.length === 0) continue;
    const shape = [...answer.shape];
    axes.forEach(({ axis, name: axisName }, k) => {
      const own = columnOf(answers[`${name}.length`], k, axes.length);
      shape[axis + 1] =
        paddedAs(axisName, own, batch, data) ?? Math.ceil((shape[axis + 1] as number) / 8) * 8;
    });
    all[name] = pad(cutRows(answer, shape), shape);
  }
  return all;
}

/** The padded length of the data's axis of that name, or of one with the same lengths. */
function paddedAs(
  name: string,
  own: readonly number[] | undefined,
  { tensors }: Batch,
  data: TensorSpecs,
): number | undefined {
  const axes = freeAxes(data).filter(({ field }) => tensors[field]);
  const named = axes.find((axis) => axis.name === name);
  const found =
    named ??
    axes.find(({ field, axis }) => {
      const all = freeAxesOf(field, data[field] ?? { dtype: 'float32', shape: [] });
      const k = all.findIndex((each) => each.axis === axis);
      return own !== undefined && columnOf(tensors[`${field}.length`], k, all.length)?.join() === own.join();
    });
  return found && tensors[found.field]?.shape[found.axis + 1];
}

/** Lengths along the k-th of `count` free axes. */
function columnOf(lengths: HostTensor | undefined, k: number, count: number): number[] | undefined {
  return lengths && Array.from(lengths.data).filter((_, i) => i % count === k);
}

/** Not longer than `shape` in any axis but the first. */
function cutRows(tensor: HostTensor, shape: readonly number[]): HostTensor {
  return cut(tensor, [tensor.shape[0] ?? 0, ...shape.slice(1)]);
}

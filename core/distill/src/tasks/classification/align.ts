// Puts a teacher's logits in the order of the data's classes, by name.
import type { HostTensor, HostTensors, NamedTensors } from '@potstill/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { DataDescription, Teacher } from '../../contracts/index.js';
import { className, fingerprint } from '../../data/index.js';

/**
 * A teacher that names its classes, with `logits` in the order of the data's `labels`; classes that the data do not
 * have are dropped. Names are compared in Unicode NFC. Returned as it is where nothing is to be done, or where the
 * names do not settle it: preflight refuses those.
 */
export function alignClasses(teacher: Teacher, { labels: wanted }: DataDescription): Teacher {
  const { labels, outputs } = teacher;
  const spec = outputs.logits;
  if (!labels || !wanted || spec?.dtype !== 'float32' || spec.shape.at(-1) !== labels.length) return teacher;
  const names = labels.map(className);
  const order = wanted.map((label) => names.indexOf(className(label)));
  const unique = new Set(names).size === names.length && new Set(order).size === order.length;
  const same = order.length === names.length && order.every((from, to) => from === to);
  if (!unique || same || order.includes(-1)) return teacher;
  const inOrder = ({ logits, ...others }: HostTensors): HostTensors =>
    logits ? { ...others, logits: columns(logits, order) } : others;
  const { combination, members, graph, sources, live, parts, parameters, bytes, source, licence } = teacher;
  return {
    outputs: { ...outputs, logits: { ...spec, shape: [...spec.shape.slice(0, -1), order.length] } },
    fingerprint: fingerprint('class order', teacher.fingerprint, order),
    labels: wanted,
    reordered: { labels, order },
    remarks: [...(teacher.remarks ?? []), remark(labels, wanted)],
    ...(sources ? { sources } : {}),
    ...(live === undefined ? {} : { live }),
    ...(parts ? { parts } : {}),
    ...(parameters === undefined ? {} : { parameters }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(source === undefined ? {} : { source }),
    ...(licence === undefined ? {} : { licence }),
    ...(combination
      ? {
          combination: {
            members: combination.members,
            needs: (names) => combination.needs(names),
            combine: (answers, batch) => inOrder(combination.combine(answers, batch)),
          },
        }
      : {}),
    ...(members ? { members: membersInOrder(members, order.length, inOrder) } : {}),
    ...(graph ? { graph: { ...graph, forward: (...at) => inGraphOrder(graph.forward(...at), order) } } : {}),
    label: async (batch) => inOrder(await teacher.label(batch)),
    dispose: () => teacher.dispose(),
  };
}

function membersInOrder(
  members: NonNullable<Teacher['members']>,
  classes: number,
  inOrder: (answers: HostTensors) => HostTensors,
): NonNullable<Teacher['members']> {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => {
      const { logits } = member.outputs;
      const outputs = logits
        ? { ...member.outputs, logits: { ...logits, shape: [...logits.shape.slice(0, -1), classes] } }
        : member.outputs;
      return [name, { ...member, outputs, alone: (answers: HostTensors) => inOrder(member.alone(answers)) }];
    }),
  );
}

function remark(own: readonly string[], labels: readonly string[]): string {
  const dropped = own.length - labels.length;
  return (
    "the model's scores were put in the order of the data's classes, by name" +
    (dropped > 0 ? `; ${dropped} of its ${own.length} classes are not in the data and were dropped` : '')
  );
}

function inGraphOrder({ logits, ...others }: NamedTensors, order: readonly number[]): NamedTensors {
  if (!logits) return others;
  return { ...others, logits: tf.gather(logits, tf.tensor1d([...order], 'int32'), logits.rank - 1) };
}

/** The chosen columns of the last axis, in that order. */
function columns(tensor: HostTensor, order: readonly number[]): HostTensor {
  const width = tensor.shape.at(-1) ?? 1;
  const rows = width === 0 ? 0 : tensor.data.length / width;
  const data = new Float32Array(rows * order.length);
  for (let row = 0; row < rows; row++)
    for (let to = 0; to < order.length; to++)
      data[row * order.length + to] = tensor.data[row * width + (order[to] as number)] as number;
  return { dtype: 'float32', shape: [...tensor.shape.slice(0, -1), order.length], data };
}

// The inputs of an exported model: the data's inputs with their free axes, and the lengths of those that vary.
import type { ExportDefinition } from '@potstill/engine';
import type { DataDescription, HostTensor, HostTensors } from '../contracts/index.js';
import { freeAxesOf, rowView, unpad } from '../data/index.js';
import { exportFailed } from './failed.js';

/**
 * Specs of the file's inputs. Axes of varying length are free, under the names that the data give them; `<name>.length` is an
 * input where the student reads it.
 * @throws PotstillError EXPORT_FAILED where the data have no such field, or an axis is named `batch`.
 */
export function inputSpecs(exporter: string, { inputs, spec }: DataDescription): ExportDefinition['inputs'] {
  const specs: Record<string, ExportDefinition['inputs'][string]> = {};
  for (const name of inputs) {
    const field = spec[name];
    if (field === undefined) throw exportFailed(exporter, `the data have no field \`${name}\``);
    const axes = freeAxesOf(name, field);
    if (axes.some((axis) => axis.name === 'batch'))
      throw exportFailed(
        exporter,
        `an axis of varying length of \`${name}\` is named \`batch\``,
        'Name it otherwise: `batch` is the axis of the examples.',
      );
    specs[name] = {
      dtype: field.dtype,
      shape: field.shape.map((length, at) => length ?? axes.find(({ axis }) => axis === at)?.name ?? ''),
    };
    if (axes.length > 0)
      specs[`${name}.length`] = {
        dtype: 'int32',
        shape: axes.length === 1 ? [] : [axes.length],
        optional: true,
      };
  }
  return specs;
}

/** One example alone: the first, or where lengths vary the one with the least elements, without its padding. */
export function oneExample(tensors: HostTensors, { spec }: Pick<DataDescription, 'spec'>): HostTensors {
  const size = Object.values(tensors)[0]?.shape[0] ?? 0;
  const rows = Array.from({ length: size }, (_, row) => row);
  const without = new Map(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      const field = spec[name];
      const lengths = tensors[`${name}.length`];
      return field && lengths ? [[name, unpad(tensor, field, lengths)] as const] : [];
    }),
  );
  const elements = (row: number) =>
    [...without.values()].reduce((sum, examples) => sum + (examples[row]?.data.length ?? 0), 0);
  const usable = rows.filter((row) =>
    [...without.values()].every((examples) => (examples[row]?.data.length ?? 0) > 0),
  );
  const row = usable.reduce((best, each) => (elements(each) < elements(best) ? each : best), usable[0] ?? 0);
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]): [string, HostTensor] => {
      const example = without.get(name)?.[row] ?? rowView(tensor, row);
      return [name, { ...example, shape: [1, ...example.shape] }];
    }),
  );
}

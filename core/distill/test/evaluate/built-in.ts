// The metrics that come with potstill, made for a data set of one number an example and a class.
import type { ComponentServices, DataDescription, Metric } from 'potstill';
import { metricComponents } from '../../src/evaluate/components.js';

export const data: DataDescription = {
  spec: { x: { dtype: 'float32', shape: [1] }, label: { dtype: 'int32', shape: [] } },
  inputs: ['x'],
  target: 'label',
  fingerprint: 'none',
};

export async function builtIn(
  name: string,
  options: Record<string, unknown> = {},
  description: DataDescription = data,
): Promise<Metric> {
  const component = metricComponents.find((entry) => entry.name === name);
  if (component?.kind !== 'metric') throw new Error(`no metric ${name}`);
  return component.create(component.options.parse(options), {} as ComponentServices, { data: description });
}

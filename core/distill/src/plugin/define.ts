// Typed identity helpers with which a plugin is written.
import type { z } from 'zod';
import type { AnyComponent, ComponentDefinition, ComponentKind, Plugin } from '../contracts/index.js';

/** A plugin is a plain value; this only checks its type. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

function definer<K extends ComponentKind>(kind: K) {
  return <O extends z.ZodObject>(
    name: string,
    definition: Omit<ComponentDefinition<K, O>, 'kind' | 'name'>,
  ): AnyComponent =>
    // The options' type is checked here, at the definition; a registry holds all components alike.
    ({ kind, name, ...definition }) as unknown as AnyComponent;
}

export const teacher = definer('teacher');
export const student = definer('student');
export const loss = definer('loss');
export const dataset = definer('dataset');
export const metric = definer('metric');
export const task = definer('task');
export const adjustment = definer('adjustment');
export const transform = definer('transform');
export const optimizer = definer('optimizer');
export const schedule = definer('schedule');
export const exporter = definer('exporter');

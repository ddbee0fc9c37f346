// Options of data sets as hints write them: YAML that can be copied into a recipe.
import { z } from 'zod';
import type { ComponentDefinition } from '../contracts/index.js';
import type { DatasetSlot } from '../recipe/plan.js';
import { canonicalJson } from '../data/index.js';

/** A value as YAML on one line. Text is quoted where YAML would read something else. */
export function asYaml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asYaml).join(', ')}]`;
  if (typeof value === 'string' && /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(value) && !reserved.test(value))
    return value;
  return JSON.stringify(value);
}

const reserved = /^(true|false|null|yes|no|on|off|y|n)$/i;

/** Whether the data set of a slot has that option and takes the value. */
export function acceptsOption({ component }: DatasetSlot, option: string, value: unknown): boolean {
  const schema = schemasOf(component.definition)[option];
  return schema !== undefined && z.safeParse(schema, value).success;
}

/** How the optional options of a part must change to be those of the training data; as a sentence, or undefined. */
export function sameOptionsHint(train: DatasetSlot, part: DatasetSlot): string | undefined {
  if (train.component.definition !== part.component.definition) return undefined;
  const write: string[] = [];
  const leaveOut: string[] = [];
  for (const [name, schema] of Object.entries(schemasOf(train.component.definition))) {
    const ours = train.component.options[name];
    const theirs = part.component.options[name];
    // Required options (the folder, the split) differ by nature.
    const required = schema && !z.safeParse(schema, undefined).success;
    if (required || canonicalJson(ours ?? null) === canonicalJson(theirs ?? null)) continue;
    if (ours === undefined) leaveOut.push(`\`${name}\``);
    else write.push(`\`${name}: ${asYaml(ours)}\``);
  }
  const steps = [
    ...(write.length > 0 ? [`write ${write.join(', ')}`] : []),
    ...(leaveOut.length > 0 ? [`leave out ${leaveOut.join(', ')}`] : []),
  ];
  if (steps.length === 0) return undefined;
  return `To use the options of the training data, ${steps.join(' and ')} in \`${part.component.path}\`.`;
}

/** A definition's options by name. */
function schemasOf({ options }: ComponentDefinition): Readonly<Record<string, z.core.$ZodType | undefined>> {
  return options.shape;
}

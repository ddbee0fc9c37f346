// Options that several commands share.

/** Collects a repeated option. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export const setHelp = 'override a value of the recipe, as path=value; may be repeated';

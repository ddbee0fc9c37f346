// Options that several commands share.

/** Collects a repeated option, which is undefined when it is not given. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export const setHelp = 'override a value of the recipe, as path=value; may be repeated';

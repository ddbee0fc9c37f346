// Options and arguments that several commands share.
import { InvalidArgumentError } from 'commander';

/** Collects a repeated option, which is undefined when it is not given. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A path; an empty one, as an unset variable of a shell gives, would stand for the working directory. */
export function pathValue(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('It is empty.');
  return value;
}

export const setHelp = 'override a value of the recipe: path=value; may be repeated';

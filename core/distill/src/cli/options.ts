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

const milliseconds: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30d`, `12h`, `45m` as milliseconds. */
export function age(value: string): number {
  const [, number, unit = ''] = /^(\d+)([mhd])$/.exec(value) ?? [];
  const each = milliseconds[unit];
  if (number === undefined || each === undefined)
    throw new InvalidArgumentError('Write a number and d, h or m: 30d.');
  return Number(number) * each;
}

export const setHelp = 'override a value of the recipe: path=value; may be repeated';

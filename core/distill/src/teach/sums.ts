// What teachers that answer together are, taken together.
import type { Teacher } from '../contracts/index.js';

/** Weights and bytes of all, where all are known; the parts of the data that every one can answer about. */
export function sumsOf(
  teachers: readonly Teacher[],
): Pick<Teacher, 'parameters' | 'bytes' | 'parts' | 'live'> {
  const sum = (values: readonly (number | undefined)[]) =>
    values.reduce((all, value) => (all === undefined || value === undefined ? undefined : all + value), 0);
  const parameters = sum(teachers.map((each) => each.parameters));
  const bytes = sum(teachers.map((each) => each.bytes));
  const bounded = teachers.flatMap((each) => (each.parts ? [each.parts] : []));
  const [first] = bounded;
  return {
    ...(parameters === undefined ? {} : { parameters }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(first ? { parts: first.filter((part) => bounded.every((parts) => parts.includes(part))) } : {}),
    ...(teachers.some((each) => each.live === false) ? { live: false } : {}),
  };
}

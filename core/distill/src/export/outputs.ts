// Which of a student's outputs are exported.
import { z } from 'zod';
import type { Student } from '../contracts/index.js';
import { exportFailed } from './failed.js';

export const outputsOption = z
  .array(z.string())
  .min(1)
  .optional()
  .describe('outputs of the student to export; default: `logits`, or all when there is no such output');

/** The names to export; an error when the student lacks one. */
export function chosenOutputs(
  exporter: string,
  student: Student,
  asked: readonly string[] | undefined,
): string[] {
  const there = Object.keys(student.outputs);
  const chosen = asked ?? (there.includes('logits') ? ['logits'] : there);
  const unknown = chosen.filter((name) => !there.includes(name));
  if (unknown.length > 0)
    throw exportFailed(
      exporter,
      `the student has no output \`${unknown.join('`, `')}\``,
      `It has: ${there.join(', ')}.`,
    );
  return [...chosen];
}

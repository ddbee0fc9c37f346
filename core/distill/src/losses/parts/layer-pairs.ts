// Which outputs of the teacher go with which of the student: by name, or by a pattern of several layers.
import { z } from 'zod';
import { PotstillError } from '../../errors/potstill-error.js';

/** One output of each. */
export interface LayerPair {
  readonly student: string;
  readonly teacher: string;
}

/** Options of a loss on layers: one pair, or several. `form` says what the outputs are: `feature map, [batch, height, width, channels]`. */
export function pairOptions(form: string, defaults: Partial<LayerPair> = {}) {
  const output = (whose: 'student' | 'teacher') =>
    z
      .string()
      .optional()
      .describe(`The ${whose}’s ${form}. Default: ${defaults[whose] ?? 'none; give it, or `layers`'}.`);
  return {
    student: output('student'),
    teacher: output('teacher'),
    layers: z
      .union([z.string(), z.array(z.string()).min(1)])
      .optional()
      .describe(
        'Several pairs, teacher first: `hidden.{0,4,8} -> hidden.{0,1,2}`, or a list of such lines. Each pair counts alike; the loss is their sum.',
      ),
  };
}

export interface PairOptions {
  readonly student?: string | undefined;
  readonly teacher?: string | undefined;
  readonly layers?: string | readonly string[] | undefined;
}

/**
 * The pairs that the options name, in their order.
 * @throws PotstillError LOSS_INVALID where a pattern is not `teacher -> student`, where both sides name different numbers of
 * layers, or where nothing is named.
 */
export function layerPairs(
  loss: string,
  options: PairOptions,
  defaults: Partial<LayerPair> = {},
): LayerPair[] {
  const { layers } = options;
  if (layers === undefined) {
    const student = options.student ?? defaults.student;
    const teacher = options.teacher ?? defaults.teacher;
    if (student !== undefined && teacher !== undefined) return [{ student, teacher }];
    return fail(`${loss}: no layers are named`, 'Give `student` and `teacher`, or `layers: a -> b`.');
  }
  if (options.student !== undefined || options.teacher !== undefined)
    fail(`${loss}: \`layers\` stands beside \`student\` or \`teacher\``, 'Give one or the other.');
  return [layers].flat().flatMap((line) => pairsOfLine(loss, line));
}

function pairsOfLine(loss: string, line: string): LayerPair[] {
  const sides = line.split('->').map((side) => side.trim());
  const [left = '', right = ''] = sides;
  if (sides.length !== 2 || left === '' || right === '')
    fail(
      `${loss}: \`layers\` has \`${line}\``,
      'Write `teacher -> student`: `hidden.{0,4} -> hidden.{0,1}`.',
    );
  const teachers = expand(left);
  const students = expand(right);
  if (teachers.length !== students.length)
    fail(
      `${loss}: \`${line}\` names ${teachers.length} of the teacher’s layers and ${students.length} of the student’s`,
      'Both sides must name as many.',
    );
  return teachers.map((teacher, i) => ({ teacher, student: students[i] as string }));
}

/** `a.{0,2}.b` to `a.0.b`, `a.2.b`; several braces give all combinations, the first slowest. */
function expand(pattern: string): string[] {
  const open = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (!open) return [pattern];
  const [, before = '', inner = '', after = ''] = open;
  return inner.split(',').flatMap((word) => expand(after).map((rest) => before + word.trim() + rest));
}

function fail(message: string, hint: string): never {
  throw new PotstillError({ code: 'LOSS_INVALID', message, hint });
}

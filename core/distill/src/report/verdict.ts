// What a run showed, in words: how much of the teacher was kept, or that nothing was won, and whether it may be chance.
import { bytes, count, milliseconds, number, plural, wholePercent } from './format.js';
import { discordance } from './chance.js';
import type { ReportInput, ReportModel } from './report-input.js';
import { describe, numberOf, primaryOf } from './values.js';

export interface Verdict {
  /** One sentence. */
  readonly headline: string;
  /** What belongs to it: chance, size, speed. */
  readonly notes: readonly string[];
}

interface Measure {
  readonly name: string;
  readonly sign: 1 | -1;
  /** With its name, for the first mention in a sentence: `24 errors`. */
  readonly write: (value: number) => string;
  /** The bare number, for the others. */
  readonly bare: (value: number) => string;
}

function measureOf(input: ReportInput): Measure {
  const { value, better } = primaryOf(input);
  const write =
    value === 'errors'
      ? (errors: number) => plural(errors, 'error')
      : (other: number) => `${describe(value).title.toLowerCase()} ${describe(value).format(other)}`;
  return { name: value, sign: better === 'lower' ? 1 : -1, write, bare: describe(value).format };
}

function headline(input: ReportInput, measure: Measure): string {
  const teacher = numberOf(input.teacher, measure.name);
  const alone = numberOf(input.baseline, measure.name);
  const student = numberOf(input.student, measure.name);
  if (student === undefined)
    return 'The student was trained; nothing was measured that tells how well it does.';
  const { write, bare, sign } = measure;
  const seen = input.student.evaluation?.count;
  const on = seen === undefined ? '' : ` on ${plural(seen, 'test example')}`;

  if (input.teacher === undefined)
    return alone === undefined
      ? `The student comes to ${write(student)}${on}.`
      : `The student comes to ${write(student)}${on}; the baseline ${bare(alone)}.`;
  if (teacher === undefined)
    return `The distilled student comes to ${write(student)}${on}; the teacher was not measured.`;

  const all = (middle: string) =>
    `${write(teacher)} for the teacher, ${middle}${bare(student)} for the distilled student`;
  if (alone === undefined) {
    const beats = sign * (teacher - student);
    const relation =
      beats > 0
        ? 'does better than its teacher'
        : beats === 0
          ? 'is level with its teacher'
          : 'does not reach its teacher';
    return `The distilled student ${relation}: ${all('')}${on}. Without a baseline nothing tells what distillation added.`;
  }

  const numbers = all(`${bare(alone)} for the student alone, `) + on;
  const won = sign * (alone - student);
  const gap = sign * (alone - teacher);
  if (gap <= 0)
    return `The labels teach better than this teacher: ${numbers}. ${
      won > 0 ? 'Distillation still helped.' : 'Distillation did not help.'
    }`;
  if (won <= 0) return `Distillation did not help: ${numbers}.`;
  if (sign * (teacher - student) > 0)
    return `The distilled student does better than its teacher: ${numbers}.`;
  return `The distilled student closes ${wholePercent(won / gap)} of the gap between the student alone and the teacher: ${numbers}.`;
}

/** Whether distilled and alone differ by more than chance: McNemar's test on the same examples. */
function chanceNote(input: ReportInput): string | undefined {
  const alone = input.baseline?.evaluation?.predictions;
  const student = input.student.evaluation?.predictions;
  const pair = alone && student && discordance(alone, student);
  if (!pair) return undefined;
  const split = `of the test examples, ${count(pair.onlySecond)} are right only when distilled and ${count(pair.onlyFirst)} only without`;
  const p = pair.p < 0.001 ? 'p < 0.001' : `p = ${number(pair.p)}`;
  return pair.p < 0.05
    ? `More than chance on these examples: ${split} (McNemar’s test, ${p}). Another seed may still give another difference.`
    : `This difference may be chance: ${split} (McNemar’s test, ${p}). Run more seeds before believing it.`;
}

function ratio(teacher: number | undefined, student: number | undefined): number | undefined {
  return teacher === undefined || student === undefined || student <= 0 ? undefined : teacher / student;
}

function times(value: number): string {
  return value >= 10 ? count(value) : number(Number(value.toPrecision(2)));
}

/** How much smaller and faster than the teacher. */
function sizeNote(teacher: ReportModel | undefined, student: ReportModel): string | undefined {
  if (teacher === undefined) return undefined;
  const parts: string[] = [];
  const size = ratio(teacher.bytes, student.bytes) ?? ratio(teacher.parameters, student.parameters);
  if (size !== undefined && size !== 1) {
    const shown =
      teacher.bytes !== undefined && student.bytes !== undefined
        ? `${bytes(student.bytes)} instead of ${bytes(teacher.bytes)}`
        : `${count(student.parameters)} weights instead of ${count(teacher.parameters)}`;
    parts.push(
      size > 1 ? `${times(size)} times smaller (${shown})` : `${times(1 / size)} times larger (${shown})`,
    );
  }
  const speed = ratio(teacher.latencyMs, student.latencyMs);
  if (speed !== undefined) {
    const shown = `${milliseconds(student.latencyMs)} instead of ${milliseconds(teacher.latencyMs)} an example`;
    parts.push(
      speed >= 1 ? `${times(speed)} times faster (${shown})` : `${times(1 / speed)} times slower (${shown})`,
    );
  }
  return parts.length === 0 ? undefined : `Than its teacher it is ${parts.join(' and ')}.`;
}

/** The verdict on a run. */
export function verdict(input: ReportInput): Verdict {
  const notes = [chanceNote(input), sizeNote(input.teacher, input.student)];
  return {
    headline: headline(input, measureOf(input)),
    notes: notes.filter((note) => note !== undefined),
  };
}

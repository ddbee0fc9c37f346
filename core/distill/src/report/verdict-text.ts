// The verdict in words: one claim for the closing table, a headline with the numbers and notes for the report.
import { significance } from './chance.js';
import { count, plural, wholePercent } from './format.js';
import type { ReportInput } from './report-input.js';
import { sizeNote } from './size-note.js';
import { describe, primaryOf } from './values.js';
import {
  valueOf,
  verdictOf,
  type EvaluatedModels,
  type Outcome,
  type PairedTest,
  type Primary,
  type Verdict,
} from './verdict.js';

export interface VerdictText {
  /** One or two sentences: what was found, with the numbers. */
  readonly headline: string;
  /** What belongs to it: chance, the teacher, size, speed. */
  readonly notes: readonly string[];
}

/** `p < 0.001`, `p = 0.42`; a p below 0.05 is never rounded up to it. */
export function pText(p: number): string {
  if (p < 0.001) return 'p < 0.001';
  const rounded = Number(p.toPrecision(2));
  return `p = ${p < significance && rounded >= significance ? Math.floor(p * 1e4) / 1e4 : rounded}`;
}

function chance(pair: PairedTest | undefined): string {
  return pair?.test ? ` (${pText(pair.test.p)})` : '';
}

const claims: Readonly<Record<Exclude<Outcome, 'not-compared'>, string>> = {
  helped: 'Distillation helped',
  hurt: 'Distillation hurt',
  'no-difference': 'No difference beyond chance',
  untested: 'Not tested for chance',
};

/** How much of the gap was closed; nothing where that share would mean nothing. */
function closedText({ closed, pastTeacher }: Verdict): string {
  if (closed === undefined) return '';
  if (pastTeacher?.relation === 'better')
    return ` The distilled student is better than its teacher${chance(pastTeacher)}.`;
  return closed >= 1
    ? ' It closes the whole gap to the teacher.'
    : ` It closes ${wholePercent(closed)} of the gap to the teacher.`;
}

/** `74 errors`, or `accuracy 99.31 %`: with the name, for the first mention in a sentence. */
function write(primary: Primary, value: number): string {
  if (primary.value === 'errors') return plural(value, 'error');
  const { title, format } = describe(primary.value);
  return `${title.toLowerCase()} ${format(value)}`;
}

/** The sentence with the numbers when distilled and alone cannot be compared. */
function withoutComparison(
  models: EvaluatedModels,
  primary: Primary,
  verdict: Verdict,
  on: string,
  hasTeacher: boolean,
): string {
  const [teacher, alone, student] = [models.teacher, models.baseline, models.student].map((model) =>
    valueOf(model, primary.value),
  );
  if (student === undefined)
    return 'The student was trained, but nothing was measured that says how good it is.';
  const { format } = describe(primary.value);
  if (!hasTeacher)
    return `The student has ${write(primary, student)}${on}${alone === undefined ? '' : `; the baseline has ${format(alone)}`}.`;
  if (teacher === undefined)
    return `The distilled student has ${write(primary, student)}${on}. The teacher was not measured.`;
  const past = verdict.pastTeacher;
  const relation =
    past === undefined || past.relation === 'untested'
      ? 'was measured beside its teacher'
      : past.relation === 'same'
        ? 'does not differ from its teacher beyond chance'
        : `is ${past.relation} than its teacher`;
  return `The distilled student ${relation}: ${write(primary, student)}, ${format(teacher)} for the teacher${on}${chance(past)}. Without a baseline there is no telling what distillation added.`;
}

function headline(
  models: EvaluatedModels,
  primary: Primary,
  verdict: Verdict,
  on: string,
  hasTeacher: boolean,
): string {
  const student = valueOf(models.student, primary.value);
  const alone = valueOf(models.baseline, primary.value);
  if (verdict.outcome === 'not-compared' || student === undefined || alone === undefined)
    return withoutComparison(models, primary, verdict, on, hasTeacher);
  const { format } = describe(primary.value);
  const teacher = valueOf(models.teacher, primary.value);
  const numbers =
    `${write(primary, student)} for the distilled student, ${format(alone)} for the student alone` +
    `${teacher === undefined ? '' : `, ${format(teacher)} for the teacher`}${on}`;
  return `${claims[verdict.outcome]}: ${numbers}${chance(verdict.distilled)}.${closedText(verdict)}`;
}

/** What the paired test counted, and what it cannot know. */
function chanceNote({ outcome, distilled }: Verdict): string | undefined {
  if (outcome === 'untested')
    return 'The paired test compares single answers and does not cover this value: the difference may be chance. Train with more seeds before relying on it.';
  const pair = distilled?.test;
  if (!pair) return undefined;
  const split = `Of ${plural(pair.count, 'example')}, ${count(pair.onlySecond)} are right only with distillation and ${count(pair.onlyFirst)} only without (McNemar’s exact test).`;
  return outcome === 'no-difference'
    ? `${split} Two equally good models would differ at least this much in ${wholePercent(pair.p)} of such tests. More test examples or more seeds can show a smaller difference.`
    : `${split} The test covers these examples, not other seeds.`;
}

/** Why there is no gap to close. */
function gapNote({ outcome, gap }: Verdict): string | undefined {
  if (outcome === 'not-compared' || gap === undefined) return undefined;
  if (gap.relation === 'worse')
    return `The student alone is better than the teacher${chance(gap)}: this teacher has little to teach.`;
  if (gap.relation === 'same')
    return `Teacher and student alone do not differ beyond chance${chance(gap)}: there is no gap to close.`;
  return undefined;
}

/** One sentence for the closing table and the summary; undefined when distilled and alone were not compared. */
export function claimText(verdict: Verdict): string | undefined {
  if (verdict.outcome === 'not-compared') return undefined;
  return `${claims[verdict.outcome]}${chance(verdict.distilled)}.${closedText(verdict)}`;
}

/** The verdict on a run, in words. */
export function verdictText(input: ReportInput): VerdictText {
  const primary = primaryOf(input.student.evaluation, input.primary, input.customValues);
  const models: EvaluatedModels = {
    teacher: input.teacher?.evaluation,
    baseline: input.baseline?.evaluation,
    student: input.student.evaluation,
  };
  const verdict = verdictOf(models, primary);
  const seen = input.student.evaluation?.count;
  const role = input.evaluatedOn ?? 'test';
  const on =
    seen === undefined
      ? ''
      : ` on ${count(seen)} ${role === 'train' ? 'training' : role} ${seen === 1 ? 'example' : 'examples'}`;
  const notes = [chanceNote(verdict), gapNote(verdict), sizeNote(input.teacher, input.student)];
  return {
    headline: headline(models, primary, verdict, on, input.teacher !== undefined),
    notes: notes.filter((note) => note !== undefined),
  };
}

// The verdict in words: one claim for the closing table, a headline with the numbers and notes for the report.
import { significance } from './chance.js';
import { valueOf, withName, type Primary } from './figures.js';
import { count, wholePercent } from './format.js';
import { judgingOf, type ReportInput } from './report-input.js';
import { sizeNote } from './size-note.js';
import { verdictOf, type EvaluatedModels, type Outcome, type PairedTest, type Verdict } from './verdict.js';

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

/** The sentence with the numbers when distilled and alone cannot be compared. */
function withoutComparison(
  models: EvaluatedModels,
  primary: Primary | undefined,
  verdict: Verdict,
  on: string,
  hasTeacher: boolean,
): string {
  const measured = (model: EvaluatedModels['student']) => primary && valueOf(model, primary.name);
  const [teacher, alone, student] = [models.teacher, models.baseline, models.student].map(measured);
  if (primary === undefined || student === undefined)
    return 'The student was trained, but nothing was measured that says how good it is.';
  const { format } = primary;
  if (!hasTeacher)
    return `The student has ${withName(primary, student)}${on}${alone === undefined ? '' : `; the baseline has ${format(alone)}`}.`;
  if (teacher === undefined)
    return `The distilled student has ${withName(primary, student)}${on}. The teacher was not measured.`;
  const past = verdict.pastTeacher;
  const relation =
    past === undefined || past.relation === 'untested'
      ? 'was measured beside its teacher'
      : past.relation === 'same'
        ? 'does not differ from its teacher beyond chance'
        : `is ${past.relation} than its teacher`;
  return `The distilled student ${relation}: ${withName(primary, student)}, ${format(teacher)} for the teacher${on}${chance(past)}. Without a baseline there is no telling what distillation added.`;
}

function headline(
  models: EvaluatedModels,
  primary: Primary | undefined,
  verdict: Verdict,
  on: string,
  hasTeacher: boolean,
): string {
  const measured = (model: EvaluatedModels['student']) => primary && valueOf(model, primary.name);
  const [teacher, alone, student] = [models.teacher, models.baseline, models.student].map(measured);
  if (!primary || verdict.outcome === 'not-compared' || student === undefined || alone === undefined)
    return withoutComparison(models, primary, verdict, on, hasTeacher);
  const { format } = primary;
  const numbers =
    `${withName(primary, student)} for the distilled student, ${format(alone)} for the student alone` +
    `${teacher === undefined ? '' : `, ${format(teacher)} for the teacher`}${on}`;
  return `${claims[verdict.outcome]}: ${numbers}${chance(verdict.distilled)}.${closedText(verdict)}`;
}

/** What the paired test counted, and what it cannot know. */
function chanceNote({ outcome, distilled }: Verdict): string | undefined {
  if (outcome === 'untested')
    return 'The deciding figure has no numbers example by example, so that no paired test was made: the difference may be chance. Train with more seeds before relying on it.';
  const pair = distilled?.test;
  if (!pair) return undefined;
  return outcome === 'no-difference'
    ? `${pair.words} Two equally good models would differ at least this much in ${wholePercent(pair.p)} of such tests. More test examples or more seeds can show a smaller difference.`
    : `${pair.words} The test covers these examples, not other seeds.`;
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
  const judging = judgingOf(input);
  const models: EvaluatedModels = {
    teacher: input.teacher?.evaluation,
    baseline: input.baseline?.evaluation,
    student: input.student.evaluation,
  };
  const verdict = verdictOf(models, judging);
  const seen = input.student.evaluation?.count;
  const role = input.evaluatedOn ?? 'test';
  const on =
    seen === undefined
      ? ''
      : ` on ${count(seen)} ${role === 'train' ? 'training' : role} ${seen === 1 ? 'example' : 'examples'}`;
  const notes = [chanceNote(verdict), gapNote(verdict), sizeNote(input.teacher, input.student)];
  return {
    headline: headline(models, judging.primary, verdict, on, input.teacher !== undefined),
    notes: notes.filter((note) => note !== undefined),
  };
}

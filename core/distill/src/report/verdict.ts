// What a run showed: whether distillation helped, made no difference beyond chance, or hurt. One pure function, used by
// the report, the closing table, `summary.json` and the warnings.
import type { ComparedModel, Evaluation, PairedComparison, PerExample, Role } from '../contracts/index.js';
import { compareMeans, sameExamples, significance } from './chance.js';
import { byName, valueOf, type Primary } from './figures.js';

/**
 * `helped` and `hurt`: distilled and alone differ by more than chance. `no-difference`: they do not. `untested`: both
 * were measured, but the deciding figure has no numbers an example. `not-compared`: no teacher, no baseline, or nothing
 * measured.
 */
export type Outcome = 'helped' | 'no-difference' | 'hurt' | 'untested' | 'not-compared';

/** Two models under the paired test. */
export interface PairedTest {
  /** Above 0 if the second model is better, in units of the deciding figure. */
  readonly gain: number;
  /** Undefined where the figure has no numbers an example. */
  readonly test: PairedComparison | undefined;
  /** `better` and `worse` (of the second model) only beyond chance, where chance was tested. */
  readonly relation: 'better' | 'worse' | 'same' | 'untested';
}

/** The models of a run as evaluated on the same examples. */
export type EvaluatedModels = Readonly<Partial<Record<Role, Evaluation | undefined>>>;

/** By what models are compared. */
export interface Judging {
  /** Undefined where nothing that says how good a model is was measured. */
  readonly primary: Primary | undefined;
  /** The task's paired test. Default: of the mean difference. */
  readonly compare?: ((first: ComparedModel, second: ComparedModel) => PairedComparison) | undefined;
}

export interface Verdict {
  readonly outcome: Outcome;
  /** Share of the gap between student alone and teacher that distillation closed, from 0; above 1 past the teacher.
   * Only when the gap is more than chance and distillation helped. */
  readonly closed: number | undefined;
  /** From the student alone to the distilled student. */
  readonly distilled: PairedTest | undefined;
  /** From the student alone to the teacher. `worse`: the labels teach better than this teacher. */
  readonly gap: PairedTest | undefined;
  /** From the teacher to the distilled student. */
  readonly pastTeacher: PairedTest | undefined;
}

const names: Readonly<Record<Role, string>> = {
  teacher: 'the teacher',
  baseline: 'the student alone',
  student: 'the distilled student',
};

/** Compares two models by a figure; undefined when either lacks it. */
export function comparePair(
  models: EvaluatedModels,
  [from, to]: readonly [Role, Role],
  { primary, compare = compareMeans }: Judging,
): PairedTest | undefined {
  const [first, second] = [models[from], models[to]];
  if (!primary || !first || !second) return undefined;
  const [a, b] = [valueOf(first, primary.name), valueOf(second, primary.name)];
  if (a === undefined || b === undefined) return undefined;
  const gain = primary.better === 'lower' ? a - b : b - a;
  const [mine, theirs] = [first, second].map(({ perExample }) => byName(perExample, primary.name));
  const counts = mine?.values.some((value) => !Number.isNaN(value)) === true;
  const compared = (role: Role, { values, better }: PerExample) => ({ name: names[role], values, better });
  const test =
    mine && theirs && counts && sameExamples(first, second)
      ? compare(compared(from, mine), compared(to, theirs))
      : undefined;
  const relation =
    test === undefined
      ? 'untested'
      : !(test.p < significance) || !isDifference(gain)
        ? 'same'
        : gain > 0
          ? 'better'
          : 'worse';
  return { gain, test, relation };
}

/** Whether one model is better at all. Two infinite losses are no difference. */
export function isDifference(gain: number): boolean {
  return !Number.isNaN(gain) && gain !== 0;
}

const outcomes = { better: 'helped', worse: 'hurt', same: 'no-difference', untested: 'untested' } as const;

/** The verdict on a run. Never claims a share of a gap that may be chance. */
export function verdictOf(models: EvaluatedModels, judging: Judging): Verdict {
  const distilled = comparePair(models, ['baseline', 'student'], judging);
  const gap = comparePair(models, ['baseline', 'teacher'], judging);
  const helped = distilled?.relation === 'better' && gap?.relation === 'better';
  return {
    outcome: models.teacher && distilled ? outcomes[distilled.relation] : 'not-compared',
    closed: helped && Number.isFinite(gap.gain) ? distilled.gain / gap.gain : undefined,
    distilled,
    gap,
    pastTeacher: comparePair(models, ['teacher', 'student'], judging),
  };
}

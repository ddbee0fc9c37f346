// What a run showed: whether distillation helped, made no difference beyond chance, or hurt. One pure function, used by
// the report, the closing table, `summary.json` and the warnings.
import type { Evaluation } from '../evaluate/evaluate-model.js';
import { discordance, significance, type Discordance } from './chance.js';

/**
 * `helped` and `hurt`: distilled and alone differ by more than chance. `no-difference`: they do not. `untested`: both
 * were measured, but by a value that the paired test does not cover. `not-compared`: no teacher, no baseline, or
 * nothing measured.
 */
export type Outcome = 'helped' | 'no-difference' | 'hurt' | 'untested' | 'not-compared';

/** The value that decides, and which way it is better. */
export interface Primary {
  readonly value: string;
  readonly better: 'lower' | 'higher';
}

/** Two models under the paired test. */
export interface PairedTest {
  /** Above 0 if the second model is better, in units of the deciding value. */
  readonly gain: number;
  /** Undefined when the paired test does not cover the deciding value. */
  readonly test: Discordance | undefined;
  /** `better` and `worse` (of the second model) only beyond chance, where chance was tested. */
  readonly relation: 'better' | 'worse' | 'same' | 'untested';
}

/** The models of a run as evaluated on the same examples. */
export interface EvaluatedModels {
  readonly teacher?: Evaluation | undefined;
  /** The same student trained without the teacher. */
  readonly baseline?: Evaluation | undefined;
  readonly student?: Evaluation | undefined;
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

/** A metric's value of a model when it is a number. */
export function valueOf(evaluation: Evaluation | undefined, name: string): number | undefined {
  const value = evaluation?.values[name];
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
}

/** The paired test of errors, when `primary` counts the same errors as the kept answers. */
function testOf(first: Evaluation, second: Evaluation, gain: number, primary: Primary) {
  if (primary.value !== 'errors' && primary.value !== 'accuracy') return undefined;
  if (!first.predictions || !second.predictions) return undefined;
  const pair = discordance(first.predictions, second.predictions);
  if (!pair || pair.count === 0) return undefined;
  // A metric of the same name that counts something else is not what this test is about.
  const gained = primary.value === 'errors' ? gain : gain * pair.count;
  return Math.abs(gained - (pair.onlySecond - pair.onlyFirst)) < 0.5 ? pair : undefined;
}

/** Compares two models by the deciding value; undefined when either lacks it. */
export function comparePair(
  first: Evaluation | undefined,
  second: Evaluation | undefined,
  primary: Primary,
): PairedTest | undefined {
  const [a, b] = [valueOf(first, primary.value), valueOf(second, primary.value)];
  if (!first || !second || a === undefined || b === undefined) return undefined;
  const gain = primary.better === 'lower' ? a - b : b - a;
  const test = testOf(first, second, gain, primary);
  const relation =
    test === undefined
      ? 'untested'
      : test.p >= significance || gain === 0
        ? 'same'
        : gain > 0
          ? 'better'
          : 'worse';
  return { gain, test, relation };
}

const outcomes = { better: 'helped', worse: 'hurt', same: 'no-difference', untested: 'untested' } as const;

/** The verdict on a run. Never claims a share of a gap that may be chance. */
export function verdictOf(models: EvaluatedModels, primary: Primary): Verdict {
  const { teacher, baseline, student } = models;
  const distilled = comparePair(baseline, student, primary);
  const gap = comparePair(baseline, teacher, primary);
  const helped = distilled?.relation === 'better' && gap?.relation === 'better';
  return {
    outcome: teacher && distilled ? outcomes[distilled.relation] : 'not-compared',
    closed: helped ? distilled.gain / gap.gain : undefined,
    distilled,
    gap,
    pastTeacher: comparePair(teacher, student, primary),
  };
}

// What the figures say that the user should be told. Chance decides the words: see the verdict.
import { valueOf, withName } from '../report/figures.js';
import { pText } from '../report/verdict-text.js';
import { verdictOf, type EvaluatedModels, type PairedTest } from '../report/verdict.js';
import { comparisonData } from './compare.js';
import type { RunContext } from './context.js';
import { judgingOf } from './judging.js';

export function warnAboutResults(context: RunContext, models: EvaluatedModels): void {
  const { log } = context;
  const judging = judgingOf(context);
  const { gap, distilled, outcome } = verdictOf(models, judging);
  const value = (evaluation: EvaluatedModels['student']) => {
    const known = judging.primary && valueOf(evaluation, judging.primary.name);
    return known === undefined || !judging.primary ? 'unknown' : withName(judging.primary, known);
  };
  const [teacher, alone, student] = [models.teacher, models.baseline, models.student].map(value);

  if (isWorse(gap))
    log.warn({
      code: 'RUN_LABELS_BEAT_TEACHER',
      message: `the labels beat the teacher: ${alone} for the student trained on labels alone, ${teacher} for the teacher${chance(gap)}`,
      hint: 'Take a better teacher, a smaller student, or unlabelled data that the teacher labels.',
    });
  if (outcome === 'hurt')
    log.warn({
      code: 'RUN_DISTILLED_HURT',
      message: `distillation hurt: ${student} for the distilled student, ${alone} for the same student without a teacher${chance(distilled)}`,
      hint: 'Check the teacher on this data, then lower the weight of its losses or try other temperatures.',
    });
  else if (outcome === 'no-difference' || isWorse(distilled))
    log.warn({
      code: 'RUN_DISTILLED_NOT_BETTER',
      message: `distillation did not help: ${student} for the distilled student, ${alone} for the same student without a teacher${chance(distilled)}`,
      hint: 'Try other temperatures and weights, more test examples or more seeds: a small difference may be chance.',
    });
  const { role } = comparisonData(context);
  if (role !== 'test')
    log.warn({
      code: 'RUN_NO_TEST_DATA',
      message: `the recipe has no test data: all figures are of the ${role} data, which the training has seen`,
      hint: 'Add `data.test`.',
    });
}

/** Beyond chance; where chance was not tested, by the figures alone. */
function isWorse(pair: PairedTest | undefined): boolean {
  return pair?.relation === 'worse' || (pair?.relation === 'untested' && pair.gain < 0);
}

function chance(pair: PairedTest | undefined): string {
  return pair?.test ? ` (${pText(pair.test.p)}, ${pair.test.test})` : '';
}

// What the figures say that the user should be told.
import type { Evaluation } from '../evaluate/evaluate-model.js';
import { comparisonData } from './compare.js';
import type { RunContext } from './context.js';

export function warnAboutResults(
  context: RunContext,
  figures: {
    readonly teacher: Evaluation | undefined;
    readonly baseline: Evaluation | undefined;
    readonly student: Evaluation | undefined;
  },
): void {
  const errors = (evaluation: Evaluation | undefined) => {
    const value = evaluation?.values.errors;
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const [teacher, baseline, student] = [
    errors(figures.teacher),
    errors(figures.baseline),
    errors(figures.student),
  ];
  if (teacher !== undefined && baseline !== undefined && baseline < teacher)
    context.log.warn({
      code: 'RUN_LABELS_BEAT_TEACHER',
      message: `the student trained on labels alone makes ${baseline} errors, the teacher ${teacher}: the labels beat the teacher`,
      hint: 'Take a better teacher, a smaller student, or unlabelled data that the teacher labels.',
    });
  if (baseline !== undefined && student !== undefined && student >= baseline)
    context.log.warn({
      code: 'RUN_DISTILLED_NOT_BETTER',
      message: `the distilled student makes ${student} errors, the same student without a teacher ${baseline}`,
      hint: 'Try other temperatures and weights, and other seeds: a small difference may be chance.',
    });
  if (comparisonData(context).role !== 'test')
    context.log.warn({
      code: 'RUN_NO_TEST_DATA',
      message: `the recipe has no test data: all figures are of the ${comparisonData(context).role} data, which the training has seen`,
      hint: 'Add `data.test`.',
    });
}

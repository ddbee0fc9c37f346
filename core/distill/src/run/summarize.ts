// The summary of a run out of the results of its stages.
import { claimText } from '../report/verdict-text.js';
import { primaryOf } from '../report/values.js';
import { verdictOf, type EvaluatedModels } from '../report/verdict.js';
import { comparisonData } from './compare.js';
import { resultOf, type RunContext } from './context.js';
import { modelSummary } from './evaluation.js';
import type { BiasCorrectionSummary, Summary, VerdictSummary } from './summary.js';
import { versionsOf } from './versions.js';

export function summarize(context: RunContext): Summary {
  const { plan, planned, results, log, timings } = context;
  const { teacher, baseline, student } = resultOf(context, 'evaluate');
  const { exports, size } = resultOf(context, 'export');
  return {
    name: plan.name,
    seed: plan.train.seed,
    recipeHash: planned.hash,
    versions: versionsOf(plan),
    teacher: teacher ? modelSummary(teacher.evaluation, teacher.size) : null,
    baseline: baseline ? modelSummary(baseline.evaluation, baseline.size) : null,
    student: modelSummary(student.evaluation, size),
    verdict: verdictSummary({
      teacher: teacher?.evaluation,
      baseline: baseline?.evaluation,
      student: student.evaluation,
    }),
    evaluatedOn: comparisonData(context).role,
    rateSearch: [results.baseline, results.student].flatMap((trained) => trained?.rateSearch ?? []),
    biasCorrection: biasCorrectionSummary(context),
    exports: exports.map(({ kind, path, sha256, bytes, maxDifference }) => ({
      kind,
      path,
      sha256,
      bytes,
      maxDifference,
    })),
    preflight: results.preflight ?? [],
    warnings: log.warnings,
    seconds: timings.seconds,
  };
}

function verdictSummary(models: EvaluatedModels): VerdictSummary {
  const verdict = verdictOf(models, primaryOf(models.student));
  return {
    outcome: verdict.outcome,
    p: verdict.distilled?.test?.p ?? null,
    closed: verdict.closed ?? null,
    claim: claimText(verdict) ?? null,
  };
}

function biasCorrectionSummary(context: RunContext): BiasCorrectionSummary | null {
  const bias = context.results['bias-correction'];
  const { biasCorrection } = context.plan;
  if (!bias || !biasCorrection) return null;
  const { errorsBefore = null, student } = resultOf(context, 'evaluate');
  return {
    classes: biasCorrection.classes,
    offset: bias.offset,
    validationErrors: { before: bias.errorsBefore, after: bias.errorsAfter },
    testErrors: { before: errorsBefore, after: modelSummary(student.evaluation, student.size).errors },
  };
}

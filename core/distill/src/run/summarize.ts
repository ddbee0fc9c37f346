// The summary of a run out of the results of its stages.
import type { AdjustmentReport } from '../contracts/index.js';
import { claimText } from '../report/verdict-text.js';
import { verdictOf, type EvaluatedModels, type Judging } from '../report/verdict.js';
import { comparisonData, type Compared } from './compare.js';
import { resultOf, type RunContext } from './context.js';
import { modelSummary, summaryFigures } from './evaluation.js';
import { judgingOf } from './judging.js';
import { labelledBefore } from './label-stage.js';
import type { ModelSummary, Summary, VerdictSummary } from './summary.js';
import { versionsOf } from './versions.js';

export function summarize(context: RunContext): Summary {
  const { plan, planned, results, log, timings, task, figures } = context;
  const { teacher, teachers, baseline, student, peers } = resultOf(context, 'evaluate');
  const { exports, size } = resultOf(context, 'export');
  const judging = judgingOf(context);
  const labelled = labelledBefore(context);
  const names = figures.map(({ name }) => name);
  return {
    summaryFormat: 2,
    name: plan.name,
    seed: plan.train.seed,
    recipeHash: planned.hash,
    versions: versionsOf(plan),
    task: task.name,
    primary: judging.primary?.name ?? null,
    columns: task.task.columns.filter((name) => names.includes(name)),
    figures,
    ...(results.begin ? { begun: results.begin } : {}),
    teacher: teacher ? modelSummary(teacher.evaluation, teacher.size) : null,
    ...(teachers ? { teachers: modelSummaries(teachers) } : {}),
    baseline: baseline ? modelSummary(baseline.evaluation, baseline.size) : null,
    student: modelSummary(student.evaluation, size),
    ...(peers ? { peers: modelSummaries(peers) } : {}),
    verdict: verdictSummary(
      {
        teacher: teacher?.evaluation,
        baseline: baseline?.evaluation,
        student: student.evaluation,
      },
      judging,
    ),
    ...(labelled ? { labelled } : {}),
    evaluatedOn: comparisonData(context).role,
    rateSearch: [results.baseline, results.student].flatMap((trained) => trained?.rateSearch ?? []),
    adjustments: adjustmentReports(context),
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

function modelSummaries(models: Readonly<Record<string, Compared>>): Record<string, ModelSummary> {
  return Object.fromEntries(
    Object.entries(models).map(([name, { evaluation, size }]) => [name, modelSummary(evaluation, size)]),
  );
}

function verdictSummary(models: EvaluatedModels, judging: Judging): VerdictSummary {
  const verdict = verdictOf(models, judging);
  return {
    outcome: verdict.outcome,
    p: verdict.distilled?.test?.p ?? null,
    test: verdict.distilled?.test?.test ?? null,
    closed: verdict.closed ?? null,
    claim: claimText(verdict) ?? null,
  };
}

function adjustmentReports(context: RunContext): AdjustmentReport[] {
  const { unadjusted, student } = resultOf(context, 'evaluate');
  const [before, after] = [summaryFigures(unadjusted), summaryFigures(student.evaluation)];
  return (context.results.adjust ?? []).map((made) => ({ ...made, before, after }));
}

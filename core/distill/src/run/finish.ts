// The end of a run: exports, report, summary.
import { copyFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { ExportResult, Student } from '../contracts/index.js';
import type { Evaluation } from '../evaluate/evaluate-model.js';
import { resolvedRecipe } from '../recipe/resolved.js';
import { describeMachine } from '../report/machine.js';
import type { ReportModel, ReportSection } from '../report/report-input.js';
import { writeReport } from '../report/write-report.js';
import type { EpochRecord } from '../train/checkpoint.js';
import { writeFailed } from '../train/write-atomically.js';
import { comparisonData, type Compared } from './compare-stage.js';
import type { RunContext } from './context.js';
import { transformed } from './data.js';
import { exportsFolder, finalWeights, reportFile } from './names.js';
import type { BiasCorrectionSummary, Summary } from './summary.js';
import { versionsOf } from './versions.js';

/** Leaves the weights of `from` under the name by which others find them. */
export async function keepFinalWeights({ folder }: RunContext, from: string): Promise<void> {
  const to = folder.file(finalWeights);
  try {
    await copyFile(from, to);
  } catch (cause) {
    throw writeFailed(to, cause);
  }
}

/** Runs all exporters of the recipe on the student as it stands. */
export async function exportAll(
  context: RunContext,
  student: Student,
  recipeHash: string,
): Promise<ExportResult[]> {
  const { plan, data, folder } = context;
  const comparison = comparisonData(context).data;
  const results: ExportResult[] = [];
  for (const exporter of context.exporters) {
    results.push(
      await exporter.export({
        student,
        data: data.description,
        sample: transformed(comparison, context.random.child('export')),
        folder: folder.file(exportsFolder),
        recipeName: plan.name,
        recipeHash,
      }),
    );
  }
  return results;
}

/** One model of the report. */
export interface Reported {
  readonly title: string;
  readonly compared: Compared;
  readonly history: readonly EpochRecord[] | undefined;
}

/** Writes `report.html`. */
export async function report(
  context: RunContext,
  models: {
    readonly teacher: Reported | undefined;
    readonly baseline: Reported | undefined;
    readonly student: Reported;
  },
  summary: Summary,
  exports: readonly ExportResult[],
  timings: readonly { readonly stage: string; readonly seconds: number }[],
): Promise<void> {
  const { plan, folder, container, data } = context;
  const comparison = comparisonData(context);
  const named = [
    { role: 'train', data: data.train, plan: plan.data.train },
    { role: 'validation', data: data.validation, plan: plan.data.validation },
    { role: 'test', data: data.test, plan: plan.data.test },
  ];
  await writeReport({
    file: folder.file(reportFile),
    name: plan.name,
    ...(plan.description === undefined ? {} : { description: plan.description }),
    recipe: { yaml: recipeYaml(context), hash: summary.recipeHash },
    seed: plan.train.seed,
    finishedAt: container.services.clock.now(),
    test: transformed(comparison.data, context.random.child('report')),
    data: named.flatMap(({ role, data: open, plan: slot }) =>
      open && slot ? [{ role, name: slot.component.definition.name, examples: open.size }] : [],
    ),
    ...(models.teacher
      ? {
          teacher: {
            ...modelOf(models.teacher),
            source: context.teacher?.source,
            licence: context.teacher?.licence,
          },
        }
      : {}),
    ...(models.baseline ? { baseline: modelOf(models.baseline) } : {}),
    student: modelOf(models.student),
    exports,
    preflight: summary.preflight,
    warnings: summary.warnings,
    ...(summary.biasCorrection
      ? { sections: [biasSection(summary.biasCorrection, summary.evaluatedOn)] }
      : {}),
    machine: describeMachine(),
    versions: versionsOf(plan),
    timings,
  });
}

/** Numbers only, so that nothing needs escaping. */
function biasSection(correction: BiasCorrectionSummary, evaluatedOn: string): ReportSection {
  const { classes, offset, validationErrors, testErrors } = correction;
  const row = (data: string, errors: { readonly before: number | null; readonly after: number | null }) =>
    `<tr><td>${data}</td><td>${errors.before ?? '–'}</td><td>${errors.after ?? '–'}</td></tr>`;
  return {
    title: 'Output bias',
    html:
      `<p>The output bias of ${classes.length === 1 ? 'class' : 'classes'} ${classes.join(', ')} was shifted by ` +
      `${offset.toPrecision(3)}, which makes fewest errors on the validation data.</p>` +
      '<table><thead><tr><th>Data</th><th>Errors before</th><th>Errors after</th></tr></thead><tbody>' +
      `${row('validation', validationErrors)}${row(evaluatedOn, testErrors)}</tbody></table>`,
  };
}

/** The resolved recipe as `recipe.yaml` holds it. */
export function recipeYaml({ plan }: Pick<RunContext, 'plan'>): string {
  return stringify(resolvedRecipe(plan));
}

function modelOf({ title, compared, history }: Reported): ReportModel {
  const { parameters, bytes, latencyMs } = compared.size;
  return {
    title,
    ...(parameters === undefined ? {} : { parameters }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(compared.evaluation === undefined ? {} : { evaluation: compared.evaluation }),
    ...(history === undefined
      ? {}
      : { epochs: history.map(({ epoch, metrics }) => ({ epoch, values: metrics })) }),
  };
}

/** What the figures say that the user should be told. */
export function judge(
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

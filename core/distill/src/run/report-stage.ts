// Stage `report`: the summary, and `report.html` of it.
import { describeMachine } from '../report/machine.js';
import type { CustomValues, ReportModel, ReportSection } from '../report/report-input.js';
import { writeReport } from '../report/write-report.js';
import type { EpochRecord } from '../train/checkpoint.js';
import { comparisonData, type Compared } from './compare.js';
import { resultOf, stage, type RunContext, type Stage } from './context.js';
import { transformed } from './data.js';
import { reportFile } from './names.js';
import { recipeYaml } from './recipe-yaml.js';
import { summarize } from './summarize.js';
import type { BiasCorrectionSummary, Summary } from './summary.js';

export const reportStage: Stage<'report'> = {
  name: 'report',
  async run(context) {
    const summary = summarize(context);
    await stage(context.log, 'report', () => report(context, summary));
    return summary;
  },
};

async function report(context: RunContext, summary: Summary): Promise<void> {
  const { plan, folder, container, data, results } = context;
  const comparison = comparisonData(context);
  const compared = resultOf(context, 'evaluate');
  const { exports, size } = resultOf(context, 'export');
  const title = plan.student.definition.name;
  const named = [
    { role: 'train', data: data.train, plan: plan.data.train },
    { role: 'validation', data: data.validation, plan: plan.data.validation },
    { role: 'test', data: data.test, plan: plan.data.test },
  ];
  await writeReport({
    file: folder.file(reportFile),
    name: plan.name,
    ...(plan.description === undefined ? {} : { description: plan.description }),
    recipe: { yaml: recipeYaml(plan), hash: summary.recipeHash },
    seed: plan.train.seed,
    finishedAt: container.services.clock.now(),
    test: transformed(comparison.data, context.random.child('report')),
    evaluatedOn: comparison.role,
    customValues: customValues(context),
    data: named.flatMap(({ role, data: open, plan: slot }) =>
      open && slot ? [{ role, name: slot.component.definition.name, examples: open.size }] : [],
    ),
    ...(compared.teacher
      ? {
          teacher: {
            ...modelOf(teacherTitle(context), compared.teacher),
            source: context.teacher?.source,
            licence: context.teacher?.licence,
          },
        }
      : {}),
    ...(compared.baseline ? { baseline: modelOf(title, compared.baseline, results.baseline?.history) } : {}),
    student: modelOf(title, { ...compared.student, size }, resultOf(context, 'student').history),
    exports,
    ...(summary.rateSearch ? { rateSearch: summary.rateSearch } : {}),
    preflight: summary.preflight,
    warnings: summary.warnings,
    ...(summary.biasCorrection
      ? { sections: [biasSection(summary.biasCorrection, summary.evaluatedOn)] }
      : {}),
    machine: describeMachine(),
    versions: summary.versions,
    timings: context.timings.all,
  });
}

/** Direction and help of the metrics' values; the component's help only where it is about one value. */
function customValues({ plan, metrics }: RunContext): CustomValues {
  const entries = metrics.flatMap((metric, at) => {
    const names = Object.entries(metric.result()).flatMap(([name, value]) =>
      typeof value === 'number' ? [name] : [],
    );
    const help = names.length === 1 ? plan.metrics[at]?.definition.help : undefined;
    return names.map((name) => {
      const better = metric.better?.[name];
      return [
        name,
        { ...(help === undefined ? {} : { help }), ...(better === undefined ? {} : { better }) },
      ] as const;
    });
  });
  return Object.fromEntries(entries);
}

function teacherTitle({ planned, plan }: RunContext): string {
  if (planned.teacher) {
    const { student, name } = planned.teacher.recipe.plan;
    return `${student.definition.name} (${name})`;
  }
  return plan.teacher?.kind === 'component' ? plan.teacher.component.definition.name : 'teacher';
}

function modelOf(
  title: string,
  { size, evaluation }: Compared,
  history?: readonly EpochRecord[],
): ReportModel {
  const { parameters, bytes, latencyMs } = size;
  return {
    title,
    ...(parameters === undefined ? {} : { parameters }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(evaluation === undefined ? {} : { evaluation }),
    ...(history === undefined
      ? {}
      : { epochs: history.map(({ epoch, metrics }) => ({ epoch, values: metrics })) }),
  };
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
      `${offset.toPrecision(3)}, the offset with the fewest errors on the validation data.</p>` +
      '<table><thead><tr><th>Data</th><th>Errors before</th><th>Errors after</th></tr></thead><tbody>' +
      `${row('validation', validationErrors)}${row(evaluatedOn, testErrors)}</tbody></table>`,
  };
}

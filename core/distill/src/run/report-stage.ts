// Stage `report`: the summary, and `report.html` of it.
import { describeMachine } from '../report/machine.js';
import type { ReportModel, Section, SectionBuilder } from '../contracts/index.js';
import { besideSection } from '../report/sections/beside.js';
import { writeReport } from '../report/write-report.js';
import type { EpochRecord } from '../train/checkpoint.js';
import { begunWords } from './begin/words.js';
import { comparisonData, type Compared } from './compare.js';
import { judgingOf } from './judging.js';
import { resultOf, stage, type RunContext, type Stage } from './context.js';
import { disposeLosses } from './assemble.js';
import { labelledRows } from './label.js';
import { coverageOf, coverageWords, type Coverage } from './data-coverage.js';
import { transformed } from './data.js';
import { lossesOf } from './losses-of.js';
import { reportFile } from './names.js';
import { recipeYaml } from './recipe-yaml.js';
import { summarize } from './summarize.js';
import type { Summary } from './summary.js';

export const reportStage: Stage<'report'> = {
  name: 'report',
  async run(context) {
    const summary = { ...summarize(context), trainedOn: await trainedOn(context) };
    await stage(context.log, 'report', () => report(context, summary));
    return summary;
  },
};

async function trainedOn(context: RunContext): Promise<Coverage> {
  const losses = await lossesOf(context, 'student');
  disposeLosses(losses);
  return coverageOf(context.data, losses);
}

/** What each loss learns from, where some examples have no label. */
function lossRows({ data }: RunContext, { trainedOn: coverage }: Summary) {
  if (!coverage || (data.transfer === undefined && !data.train.dataset.unlabelled)) return [];
  return Object.entries(coverage.losses).map(([loss, own]) => ({
    role: `loss ${loss}`,
    name: `learns from ${coverageWords(own, coverage.examples)}`,
  }));
}

async function report(context: RunContext, summary: Summary): Promise<void> {
  const { plan, folder, container, data, results } = context;
  const comparison = comparisonData(context);
  const compared = resultOf(context, 'evaluate');
  const { exports, size } = resultOf(context, 'export');
  const title = plan.student.definition.name;
  const named = [
    { role: 'train', data: data.train, plan: plan.data.train },
    { role: 'transfer', data: data.transfer, plan: plan.data.transfer },
    { role: 'validation', data: data.validation, plan: plan.data.validation ?? plan.data.train },
    { role: 'test', data: data.test, plan: plan.data.test ?? plan.data.train },
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
    ...(summary.begun
      ? {
          begun: begunWords(summary.begun, compared.baseline !== undefined),
          chain: summary.begun.chain,
        }
      : {}),
    figures: context.figures,
    primary: context.task.task.primary,
    compare: judgingOf(context).compare,
    data: [
      ...named.flatMap(({ role, data: open, plan: slot }) =>
        open && slot ? [{ role, name: slot.component.definition.name, examples: open.size }] : [],
      ),
      ...lossRows(context, summary),
    ],
    ...(compared.teacher
      ? {
          teacher: {
            ...modelOf(teacherTitle(context), compared.teacher),
            source: context.teacher?.source,
            licence: context.teacher?.licence,
          },
        }
      : {}),
    ...(summary.labelled ? { answers: labelledRows(summary.labelled) } : {}),
    ...(compared.baseline ? { baseline: modelOf(title, compared.baseline, results.baseline?.history) } : {}),
    student: modelOf(title, { ...compared.student, size }, resultOf(context, 'student').history),
    exports,
    ...(summary.rateSearch ? { rateSearch: summary.rateSearch } : {}),
    preflight: summary.preflight,
    warnings: summary.warnings,
    sections: await contributedSections(context, summary),
    machine: describeMachine(),
    versions: summary.versions,
    timings: context.timings.all,
  });
}

/** Sections of the task, its metrics, the losses and the adjustments. */
async function contributedSections(context: RunContext, summary: Summary): Promise<SectionBuilder[]> {
  const { task, metrics, adjustments } = context;
  const losses = await lossesOf(context, 'student');
  const ofLosses = losses.flatMap(({ loss }) => loss.sections ?? []);
  disposeLosses(losses);
  const ofAdjustments = adjustments.flatMap((adjustment, at): SectionBuilder[] => {
    const report = summary.adjustments[at];
    return report && adjustment.section ? [() => adjustment.section?.(report)] : [];
  });
  return [
    ...besideSections(context, summary).map((section) => () => section),
    ...(task.task.sections ?? []),
    ...metrics.flatMap(({ sections }) => sections ?? []),
    ...ofLosses,
    ...ofAdjustments,
  ];
}

/** Models beside the compared: those that the teacher is made of, and peers. */
function besideSections(context: RunContext, { columns }: Summary): Section[] {
  const { teacher, teachers, student, peers } = resultOf(context, 'evaluate');
  const shown = context.figures.filter(({ name }) => columns.includes(name));
  const section = (id: string, title: string, models: Readonly<Record<string, Compared>>) =>
    besideSection(
      { id, title },
      Object.fromEntries(Object.entries(models).map(([name, model]) => [name, modelOf(name, model)])),
      shown,
    );
  return [
    ...(teacher && teachers
      ? [section('teachers', 'Teachers, together and alone', { together: teacher, ...teachers })]
      : []),
    ...(peers ? [section('peers', 'Students that taught each other', { student, ...peers })] : []),
  ];
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

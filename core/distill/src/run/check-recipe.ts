// What is wrong with a recipe, without running it: what is cheap to know, or all that can be known before training.
import type { OpenRecipe } from '../container/open-recipe.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import type { Finding } from '../contracts/index.js';

import { dataFingerprints } from './data.js';
import { hasSameStudent } from './execute-run.js';
import { findComplete } from './find-runs.js';
import { identityOf } from './identity.js';
import { quietContainer } from './latest-run.js';
import type { RunOptions } from './options.js';
import { runPreflight } from './preflight-stage.js';
import { prepareRun, type PreparedRun } from './prepare-run.js';
import { openRunTeacher } from './run-teacher.js';
import { aligned } from './task-of.js';
import { planRun } from './run-once.js';
import { runTeacherOptions } from './taught.js';
import { checkPoints } from './series/run-members.js';
import type { PlannedRun } from './teachers.js';
import { componentsOf } from './versions.js';
import { weightsOf } from './weights.js';

export interface CheckOptions extends Pick<RunOptions, 'runsFolder' | 'services' | 'known' | 'signal'> {
  /** Open data, teacher and student, make everything and run preflight. Default false. */
  readonly deep?: boolean;
}

/** What preflight found for one recipe. */
export interface CheckedPart {
  /** The recipe's name. */
  readonly recipe: string;
  /** Empty where preflight did not run: it is switched off, or the teacher is yet to be trained. */
  readonly findings: readonly Finding[];
  /** The recipe that must be trained before more can be known. */
  readonly untrained?: string;
}

/**
 * Throws what is wrong, all at once where nothing needs to be made; of a sweep, at every point. Writes nothing. With
 * `deep`: the findings of preflight, those of the recipe's teachers first.
 */
export async function checkRecipe(recipe: OpenRecipe, options: CheckOptions = {}): Promise<CheckedPart[]> {
  const { deep = false } = options;
  const planned = await planRun(recipe, options);
  await checkComponents(planned);
  const { series } = recipe.plan;
  for (const { runs } of series?.points ?? [])
    for (const { plan } of runs.slice(0, 1))
      await checkComponents(await planRun({ ...recipe, plan }, options));
  if (!deep) return [];
  if (series) await checkPoints(recipe, series, options);
  const prepared = await prepareRun(planned, options);
  try {
    return await checkPrepared(prepared);
  } finally {
    await prepared.dispose();
  }
}

/** What components say without data, teachers' recipes included: optimizers, schedules and exporters are made, the others asked. */
async function checkComponents({ recipe, teacher, begin }: PlannedRun): Promise<void> {
  const container = await quietContainer(recipe, recipe.plan.folder);
  const records: ErrorRecord[] = [];
  try {
    for (const component of componentsOf(recipe.plan)) {
      const { kind } = component.definition;
      try {
        await container.check(component);
        if (kind === 'optimizer' || kind === 'schedule' || kind === 'exporter')
          await container.make(component, {});
      } catch (error) {
        if (!(error instanceof PotstillError)) throw error;
        records.push(...error.records);
      }
    }
  } finally {
    await container.dispose();
  }
  const [first, ...others] = records;
  if (first) throw new PotstillError([first, ...others]);
  if (begin?.kind === 'run') await checkComponents(begin.run);
  if (teacher) await checkComponents(teacher);
}

async function checkPrepared(prepared: PreparedRun): Promise<CheckedPart[]> {
  const { planned, container, data, task, student, teacherRun, beginRun, log, trainsBaseline } = prepared;
  const { plan } = planned.recipe;
  const before: CheckedPart[] = [];
  for (const run of [beginRun, teacherRun]) if (run) before.push(...(await checkPrepared(run)));
  const { services } = container;
  let { teacher } = prepared;
  if (teacherRun) {
    const { recipe } = teacherRun.planned;
    const fingerprints = dataFingerprints(teacherRun.data);
    const run = await findComplete(
      prepared.runsFolder,
      identityOf(teacherRun.planned),
      fingerprints,
      (found) => hasSameStudent(teacherRun, found),
    );
    if (!run) return [...before, { recipe: plan.name, findings: [], untrained: recipe.plan.name }];
    const opened = await openRunTeacher(
      recipe,
      run,
      data.description,
      services,
      log,
      runTeacherOptions(plan),
    );
    prepared.onDispose(() => opened.dispose());
    teacher = aligned(task.task, opened, data.description);
  }
  if (!plan.preflight.enabled) return [...before, { recipe: plan.name, findings: [] }];
  const first = weightsOf(student);
  const findings = await runPreflight({
    plan,
    container,
    data,
    task,
    student,
    initial: { student: first, baseline: first },
    teacher,
    random: services.random,
    trainsBaseline,
  });
  return [...before, { recipe: plan.name, findings }];
}

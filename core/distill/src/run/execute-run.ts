// Executes a prepared run: chooses its folder, runs the stages, writes the summary.
import type { Logger } from 'pino';
import { fingerprint } from '../data/index.js';
import { weightsOfRun } from './begin/begin-weights.js';
import { memoryTeacherStore } from '../store/index.js';
import { describeMachine } from '../report/machine.js';
import { exitCodeOfError } from '../errors/records.js';
import { exitCodes } from '../errors/codes.js';
import { chooseFolder } from './choose-folder.js';
import { comparisonData } from './compare.js';
import { completeSummary, filesToRestore } from './complete-run.js';
import { resultOf, type RunContext } from './context.js';
import { dataFingerprints } from './data.js';
import { createEvaluator } from './evaluation.js';
import { findComplete, type FoundRun } from './find-runs.js';
import type { RunFolder } from './folder.js';
import { identityOf } from './identity.js';
import { beginRecipeFile, resolvedRecipeFile, teacherRecipeFile } from './names.js';
import type { PreparedRun } from './prepare-run.js';
import { recipeYaml } from './recipe-yaml.js';
import type { ReuseMode } from './reuse-mode.js';
import type { CompleteRun } from './run-teacher.js';
import { runStages } from './stages.js';
import { changes } from '../train/learners.js';
import { Timings } from './timings.js';
import type { TrainingRecord } from './train-once.js';
import { baselineSettings, choosing } from './train-student.js';
import { taughtOf, weightsOf } from './weights.js';

/** Runs the stages that are not done yet, then frees what was prepared. */
export async function executeRun(prepared: PreparedRun, mode: ReuseMode): Promise<CompleteRun> {
  const { container, log, data, options, planned, runsFolder } = prepared;
  let folder: RunFolder | undefined;
  try {
    const identity = identityOf(planned);
    const fingerprints = dataFingerprints(data);
    const recorded = { fingerprints, description: data.description };
    const known = mode.reuse
      ? await findComplete(runsFolder, identity, fingerprints, (run) => canTake(prepared, mode, run))
      : undefined;
    // A resumed run also has its teacher's missing files made again.
    if (known && (mode.resume === false || (await filesToRestore(known.folder.path)).length === 0)) {
      const detail = `done before: ${known.folder.path}`;
      for (const state of ['start', 'end'] as const)
        log.emit({ event: 'stage', stage: 'student', state, detail });
      return known;
    }
    const { runFolder } = options;
    folder = await chooseFolder({ runsFolder, runFolder, resume: mode.resume }, planned);
    prepared.useFolder(folder.path);
    const finished = await folder.adopt(identity, recorded);
    const { notes, resumed } = folder.beginning;
    if (finished) {
      const broken = await filesToRestore(folder.path);
      if (broken.length > 0) notes.push(`recreating missing or damaged files: ${broken.join(', ')}`);
    }
    const done = finished !== undefined && notes.length === 0;
    if (done) {
      const { progress } = options.services ?? {};
      progress?.emit({ event: 'run', runFolder: folder.path, resumed, notes });
      progress?.emit({ event: 'done', runFolder: folder.path, summary: finished });
      return { folder, summary: finished };
    }
    log.openIn(folder.path, { event: 'run', runFolder: folder.path, resumed, notes });
    await folder.write(resolvedRecipeFile, recipeYaml(planned.recipe.plan));
    if (planned.teacher) await folder.write(teacherRecipeFile, recipeYaml(planned.teacher.recipe.plan));
    // That of a stage before stands in recipe.yaml itself.
    if (planned.begin?.kind === 'run' && planned.recipe.plan.begin?.kind === 'recipe')
      await folder.write(beginRecipeFile, recipeYaml(planned.begin.run.recipe.plan));
    const timings = await Timings.open(folder.path, container.services.clock, prepared.begun);
    container.services.logger.info({ ...identity, fingerprints, machine: describeMachine() }, 'run');
    const { recipeHash: _recipe, ...ofTraining } = identity;
    const { test: _test, ...trainedOn } = fingerprints;
    const context = contextOf(prepared, mode, {
      folder,
      timings,
      identity: fingerprint(ofTraining, trainedOn),
    });
    await runStages(context);
    const summary = resultOf(context, 'report');
    await folder.writeSummary(await completeSummary(folder, summary));
    log.emit({ event: 'done', runFolder: folder.path, summary });
    return { folder, summary };
  } catch (error) {
    if (folder?.isUntouched && exitCodeOfError(error) === exitCodes.user) {
      // Refused before anything was trained: nothing in the folder is worth keeping.
      log.close();
      await folder.discard();
    } else if (folder) logFailure(container.services.logger, error);
    await prepared.dispose().catch(() => undefined);
    throw error;
  } finally {
    log.close();
    await prepared.dispose();
    await folder?.close();
  }
}

/** Whether the student of a complete run with the same training is the one asked for: another metric would choose another epoch. */
export function hasSameStudent(prepared: PreparedRun, { folder }: Pick<FoundRun, 'folder'>): boolean {
  const { plan } = prepared.planned.recipe;
  const { settings = '' } = folder.finished<TrainingRecord>('student') ?? {};
  return settings === choosing({ ...prepared, plan }, plan.train);
}

/** Whether a complete run with the same training is all that is asked for. */
function canTake(prepared: PreparedRun, { reuse }: ReuseMode, run: FoundRun): boolean {
  const { planned, data } = prepared;
  const { baseline } = planned.recipe.plan;
  const { folder, summary } = run;
  if (!hasSameStudent(prepared, run)) return false;
  if (reuse === 'whole')
    return summary.recipeHash === planned.hash && run.data.fingerprints.test === dataFingerprints(data).test;
  if (reuse !== 'students' || !baseline) return true;
  const { settings } = folder.finished<TrainingRecord>('baseline') ?? {};
  return settings?.split(' ')[0] === baselineSettings(baseline);
}

function logFailure(logger: Logger, error: unknown): void {
  try {
    logger.error({ err: error }, 'stopped');
  } catch {
    // A full disk is told by the error itself, which must not be hidden by the log's own.
  }
}

function contextOf(
  prepared: PreparedRun,
  { resume }: ReuseMode,
  own: Pick<RunContext, 'folder' | 'timings' | 'identity'>,
): RunContext {
  const { planned, container, log, data, student, task, metrics, figures, adjustments } = prepared;
  const { exporters, teacherRun, beginRun, options } = prepared;
  const first = weightsOf(student);
  const { random } = container.services;
  const store = memoryTeacherStore();
  const membersOn = comparisonData({ data }).data;
  const context: RunContext = {
    planned,
    plan: planned.recipe.plan,
    container,
    ...own,
    log,
    data,
    task,
    metrics,
    figures,
    adjustments,
    exporters,
    teacher: prepared.teacher,
    // An interrupted run of the teacher is resumed; a complete one is reused.
    executeTeacher:
      teacherRun &&
      (() => executeRun(teacherRun, { resume: resume === false ? false : 'if-there', reuse: 'student' })),
    get evaluator() {
      return createEvaluator({ metrics, teacher: context.teacher, store, random, membersOn });
    },
    get evaluatorDuring() {
      const teacher = changes(context.teacher) ? undefined : context.teacher;
      return createEvaluator({ metrics, teacher, store, random, membersOn });
    },
    trainsBaseline: prepared.trainsBaseline,
    student,
    executeBegin:
      beginRun &&
      (async () => {
        const reuse = prepared.trainsBaseline ? 'students' : 'student';
        const run = await executeRun(beginRun, { resume: resume === false ? false : 'if-there', reuse });
        return weightsOfRun(run, log, beginRun.trainsBaseline);
      }),
    initial: { baseline: first, student: first },
    initialTaught: taughtOf(prepared.teacher?.graph),
    random,
    resume: resume !== false,
    signal: options.signal,
    checkpointEvery: options.checkpointEvery,
    results: {},
    onDispose: (free) => prepared.onDispose(free),
  };
  return context;
}

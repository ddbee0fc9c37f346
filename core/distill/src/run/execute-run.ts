// Executes a prepared run: chooses its folder, runs the stages, writes the summary.
import { fingerprint } from '../data/index.js';
import { describeMachine } from '../report/machine.js';
import { chooseFolder, findComplete } from './choose-folder.js';
import { resultOf, type RunContext } from './context.js';
import { dataFingerprints } from './data.js';
import { createEvaluator } from './evaluation.js';
import type { RunFolder } from './folder.js';
import { identityOf } from './identity.js';
import { resolvedRecipeFile } from './names.js';
import type { PreparedRun } from './prepare-run.js';
import { recipeYaml } from './recipe-yaml.js';
import type { ReuseMode } from './reuse-mode.js';
import type { CompleteRun } from './run-teacher.js';
import { runStages } from './stages.js';
import type { Summary } from './summary.js';
import { weightsOf } from './weights.js';

/** Runs the stages that are not done yet, then frees what was prepared. */
export async function executeRun(prepared: PreparedRun, mode: ReuseMode): Promise<CompleteRun> {
  const { container, log, data, options, planned, runsFolder } = prepared;
  let folder: RunFolder | undefined;
  try {
    const identity = identityOf(planned);
    const fingerprints = dataFingerprints(data);
    const recorded = { fingerprints, description: data.description };
    const known = mode.reuse ? await findComplete(runsFolder, identity, fingerprints) : undefined;
    if (known) {
      const detail = `done before: ${known.folder.path}`;
      for (const state of ['start', 'end'] as const)
        log.emit({ event: 'stage', stage: 'student', state, detail });
      return known;
    }
    folder = await chooseFolder({ runsFolder, runFolder: options.runFolder, resume: mode.resume }, identity);
    prepared.useFolder(folder.path);
    await folder.recordData(recorded);
    const current = await folder.isResultOf(identity, recorded);
    const finished = await folder.summary<Summary>();
    if (finished && current) {
      options.services?.progress?.emit({ event: 'done', runFolder: folder.path, summary: finished });
      return { folder, summary: finished };
    }
    // The training is the same, what is made of it is not: made again from the trained weights.
    if (!current) await folder.renew(identity, recorded);
    log.openIn(folder.path);
    await folder.write(resolvedRecipeFile, recipeYaml(planned.recipe.plan));
    container.services.logger.info({ ...identity, fingerprints, machine: describeMachine() }, 'run');
    const { recipeHash: _recipe, ...ofTraining } = identity;
    const { test: _test, ...trainedOn } = fingerprints;
    const context = contextOf(prepared, mode, folder, fingerprint(ofTraining, trainedOn));
    await runStages(context);
    const summary = resultOf(context, 'report');
    await folder.writeSummary(summary);
    log.emit({ event: 'done', runFolder: folder.path, summary });
    return { folder, summary };
  } catch (error) {
    try {
      if (folder) container.services.logger.error({ err: error }, 'stopped');
    } catch {
      // A full disk is told by the error itself, which must not be hidden by the log's own.
    }
    throw error;
  } finally {
    await prepared.dispose();
  }
}

function contextOf(
  prepared: PreparedRun,
  { resume }: ReuseMode,
  folder: RunFolder,
  identity: string,
): RunContext {
  const { planned, container, log, data, student, metrics, exporters, teacherRun, options } = prepared;
  const { random, store } = container.services;
  const context: RunContext = {
    planned,
    plan: planned.recipe.plan,
    container,
    folder,
    log,
    data,
    metrics,
    exporters,
    teacher: prepared.teacher,
    // An interrupted run of the teacher is resumed; a complete one is reused.
    executeTeacher:
      teacherRun &&
      (() => executeRun(teacherRun, { resume: resume === false ? false : 'if-there', reuse: true })),
    get evaluator() {
      return createEvaluator({ metrics, teacher: context.teacher, store, random });
    },
    trainsBaseline: prepared.trainsBaseline,
    student,
    initial: weightsOf(student),
    identity,
    random,
    resume: resume !== false,
    signal: options.signal,
    checkpointEvery: options.checkpointEvery,
    begun: prepared.begun,
    results: {},
    onDispose: (free) => prepared.onDispose(free),
  };
  return context;
}

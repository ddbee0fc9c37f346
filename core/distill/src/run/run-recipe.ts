// From a recipe to a distilled student: all stages of a run, each taken up where an earlier process left it.
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { openRecipe, type OpenRecipe } from '../container/open-recipe.js';
import type { Exporter, Metric, Paths, Student, Teacher } from '../contracts/index.js';
import { fingerprint } from '../data/index.js';
import { measureLatency } from '../export/latency.js';
import type { RunContainer } from '../container/run-container.js';
import { biasStage } from './bias-stage.js';
import { builtInPlugin } from './built-in.js';
import { chooseFolder, findComplete } from './choose-folder.js';
import { compareStudent, comparisonData, errorsWith, speedExample, type Compared } from './compare-stage.js';
import { stage, type RunContext } from './context.js';
import { dataFingerprints, openData, type RunData } from './data.js';
import { createEvaluator, modelSummary } from './evaluation.js';
import { exportAll, judge, keepFinalWeights, recipeYaml, report, type Reported } from './finish.js';
import { folderName, type RunFolder, type RunIdentity } from './folder.js';
import { RunLog } from './log.js';
import { measureFile, measureTeacher } from './measure.js';
import { resolvedRecipeFile } from './names.js';
import { describeMachine } from '../report/machine.js';
import { openContainer } from './open-container.js';
import type { RunOptions } from './options.js';
import { checkAccumulation, trainedAs } from './parameters.js';
import { preflightStage } from './preflight-stage.js';
import type { Summary } from './summary.js';
import { asTeacher, exportedOnnx, makeTeacher, openRunTeacher, type CompleteRun } from './teacher-stage.js';
import { planTeachers, type PlannedRun } from './teachers.js';
import { labelStage, trainStage } from './training-stage.js';
import { versionsOf } from './versions.js';
import { weightsOf } from './weights.js';
import { readWeights } from '../train/checkpoint.js';

/** What a run leaves: its folder (absolute) and what it found. */
export interface RunResult {
  readonly runFolder: string;
  readonly summary: Summary;
}

/**
 * Runs a recipe: teacher, checks, student alone, distilled student, comparison, exports, report. Everything is in the
 * run folder. Errors: those of recipes, data and components before anything is trained; `PREFLIGHT_*`; `TRAIN_NOT_FINITE`;
 * `TRAIN_INTERRUPTED`; `RUN_*`; `EXPORT_FAILED`.
 */
export async function runRecipe(recipe: OpenRecipe, options: RunOptions = {}): Promise<RunResult> {
  const planned = await planTeachers(recipe, (file, set) =>
    openRecipe(file, { set, builtIn: [builtInPlugin], ...(options.known ? { known: options.known } : {}) }),
  );
  const { folder, summary } = await runPlanned(planned, options, {
    resume: options.resume ?? false,
    reuse: false,
  });
  return { runFolder: folder.path, summary };
}

interface How {
  readonly resume: boolean | 'if-there';
  /** Whether a complete run of the same recipe on the same data will do. */
  readonly reuse: boolean;
}

async function runPlanned(planned: PlannedRun, options: RunOptions, how: How): Promise<CompleteRun> {
  const { plan } = planned.recipe;
  const runsFolder = resolve(options.runsFolder ?? 'runs');
  const log = new RunLog(options.services?.progress ?? { emit: () => undefined });
  let folder: RunFolder | undefined;
  const paths: Paths = {
    recipeFolder: plan.folder,
    runsFolder,
    dataFolder: process.env.POTSTILL_DATA,
    // Data is opened first, so that a folder is made for runs only that have some.
    get runFolder() {
      return folder?.path ?? options.runFolder ?? join(runsFolder, folderName(plan.name, planned.hash));
    },
  };
  const container = await openContainer(planned.recipe, {
    paths,
    progress: log,
    cache: options.cache ?? false,
    // Not `log` itself: pino takes what has `emit` for an emitter of its own events.
    overrides: { logger: pino({ base: null }, { write: (line) => log.write(line) }), ...options.services },
  });
  let data: RunData | undefined;
  try {
    data = await openData(plan, container);
    const identity: RunIdentity = {
      name: plan.name,
      recipeHash: planned.hash,
      teacherHash: planned.teacherHash,
      seed: plan.train.seed,
      versions: JSON.stringify(versionsOf(plan)),
      backend: plan.backend,
      threads: plan.threads,
    };
    const fingerprints = dataFingerprints(data);
    const known = how.reuse ? await findComplete(runsFolder, identity, fingerprints) : undefined;
    if (known) {
      const detail = `done before: ${known.folder.path}`;
      for (const state of ['start', 'end'] as const)
        log.emit({ event: 'stage', stage: 'student', state, detail });
      return known;
    }
    folder = await chooseFolder({ runsFolder, runFolder: options.runFolder, resume: how.resume }, identity);
    await folder.recordData({ fingerprints, description: data.description });
    const finished = await folder.summary<Summary>();
    if (finished) {
      options.services?.progress?.emit({ event: 'done', runFolder: folder.path, summary: finished });
      return { folder, summary: finished };
    }
    log.openIn(folder.path);
    await folder.write(resolvedRecipeFile, recipeYaml({ plan }));
    const run = new Run(
      planned,
      options,
      container,
      folder,
      log,
      data,
      fingerprint(identity, fingerprints),
      how,
    );
    container.services.logger.info({ ...identity, fingerprints, machine: describeMachine() }, 'run');
    const summary = await run.go();
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
    await data?.dispose();
    await container.dispose();
  }
}

class Run {
  private readonly begun: number;
  private readonly timings: { stage: string; seconds: number }[] = [];

  constructor(
    private readonly planned: PlannedRun,
    private readonly options: RunOptions,
    private readonly container: RunContainer,
    private readonly folder: RunFolder,
    private readonly log: RunLog,
    private readonly data: RunData,
    private readonly identity: string,
    private readonly how: How,
  ) {
    this.begun = container.services.clock.now();
  }

  async go(): Promise<Summary> {
    // Made first, so that a wrong name of a variable is told before hours of the teacher's training.
    const student = await this.student();
    try {
      const { teacher, run: teacherRun } = await this.timed('teacher', () => this.teacher());
      try {
        return await this.stages(await this.context(student, teacher), teacherRun);
      } finally {
        await teacher?.dispose();
      }
    } finally {
      for (const { variable } of student.variables) variable.dispose();
    }
  }

  private async student(): Promise<Student> {
    const { container, data } = this;
    const { plan } = this.planned.recipe;
    checkAccumulation(plan, data.train.size);
    return trainedAs(plan, await container.make(plan.student, { data: data.description }));
  }

  private async teacher(): Promise<{
    readonly teacher: Teacher | undefined;
    readonly run: CompleteRun | undefined;
  }> {
    const { planned, options, container, data, log } = this;
    const nested = planned.teacher;
    if (!nested)
      return { teacher: await makeTeacher(planned.recipe, container, data.description), run: undefined };
    const progress = asTeacher(log);
    const { runFolder: _, ...rest } = options;
    const run = await runPlanned(
      nested,
      { ...rest, services: { ...options.services, progress } },
      // A teacher that was interrupted is gone on with; one that is complete will do.
      { resume: this.how.resume === false ? false : 'if-there', reuse: true },
    );
    const { services } = container;
    return { teacher: await openRunTeacher(nested.recipe, run, data.description, services, log), run };
  }

  private async stages(context: RunContext, teacherRun: CompleteRun | undefined): Promise<Summary> {
    const { folder, log } = this;
    const { plan, teacher } = context;
    const findings = await this.timed('preflight', () => preflightStage(context));
    const baseline = plan.baseline
      ? await this.timed('baseline', () => trainStage(context, 'baseline'))
      : undefined;
    const student = await this.timed('student', async () => {
      await labelStage(context, teacher !== undefined && folder.finished('student') === undefined);
      return trainStage(context, 'student');
    });
    const bias = await this.timed('bias-correction', () => biasStage(context));
    const best = folder.file('student', 'best.safetensors');
    const last = bias ? folder.file('student', 'corrected.safetensors') : best;

    const figures = await this.timed('evaluate', () =>
      stage(log, 'evaluate', async () => {
        const example = await speedExample(context);
        return {
          example,
          teacher: teacher && (await this.compareTeacher(context, teacher, teacherRun, example)),
          baseline:
            baseline && (await compareStudent(context, folder.file('baseline', 'best.safetensors'), example)),
          student: await compareStudent(context, last, example),
          errorsBefore: bias && (await errorsWith(context, (await readWeights(best)).variables, best)),
        };
      }),
    );
    judge(context, {
      teacher: figures.teacher?.evaluation,
      baseline: figures.baseline?.evaluation,
      student: figures.student.evaluation,
    });

    await keepFinalWeights(context, last);
    const exports = await this.timed('export', () =>
      stage(log, 'export', () => exportAll(context, context.student, this.planned.hash)),
    );
    const onnx = exports.find(({ kind }) => kind === 'onnx');
    const studentSize =
      onnx && figures.example
        ? {
            ...figures.student.size,
            ...(await measureFile(folder.file(onnx.path), onnx.bytes, figures.example)),
          }
        : figures.student.size;

    const studentSummary = modelSummary(figures.student.evaluation, studentSize);
    const summary: Summary = {
      name: plan.name,
      seed: plan.train.seed,
      recipeHash: this.planned.hash,
      versions: versionsOf(plan),
      teacher: figures.teacher ? modelSummary(figures.teacher.evaluation, figures.teacher.size) : null,
      baseline: figures.baseline ? modelSummary(figures.baseline.evaluation, figures.baseline.size) : null,
      student: studentSummary,
      evaluatedOn: comparisonData(context).role,
      biasCorrection:
        bias && plan.biasCorrection
          ? {
              classes: plan.biasCorrection.classes,
              offset: bias.offset,
              validationErrors: { before: bias.errorsBefore, after: bias.errorsAfter },
              testErrors: { before: figures.errorsBefore ?? null, after: studentSummary.errors },
            }
          : null,
      exports: exports.map(({ kind, path, sha256, bytes, maxDifference }) => ({
        kind,
        path,
        sha256,
        bytes,
        maxDifference,
      })),
      preflight: findings,
      warnings: log.warnings,
      seconds: (this.container.services.clock.now() - this.begun) / 1000,
    };
    const title = plan.student.definition.name;
    const models = {
      teacher: figures.teacher && {
        title: this.teacherTitle(),
        compared: figures.teacher,
        history: undefined,
      },
      baseline: figures.baseline && { title, compared: figures.baseline, history: baseline?.history },
      student: { title, compared: { ...figures.student, size: studentSize }, history: student.history },
    } satisfies Record<string, Reported | undefined>;
    await stage(log, 'report', () => report(context, models, summary, exports, this.timings));
    return summary;
  }

  private async context(student: Student, teacher: Teacher | undefined): Promise<RunContext> {
    const { container, data, folder, log, options } = this;
    const { plan } = this.planned.recipe;
    const { random, store } = container.services;
    const metrics: Metric[] = [];
    for (const metric of plan.metrics) metrics.push(await container.make(metric, { data: data.description }));
    const exporters: Exporter[] = [];
    for (const exporter of plan.exporters) exporters.push(await container.make(exporter, {}));
    // What can never be exported is refused before hours of training, not after.
    for (const exporter of exporters) exporter.check?.({ student, data: data.description });
    return {
      plan,
      container,
      folder,
      log,
      data,
      metrics,
      exporters,
      teacher,
      evaluator: createEvaluator({ metrics, teacher, store, random }),
      student,
      initial: weightsOf(student),
      identity: this.identity,
      random,
      resume: this.how.resume !== false,
      signal: options.signal,
      checkpointEvery: options.checkpointEvery,
    };
  }

  private async compareTeacher(
    context: RunContext,
    teacher: Teacher,
    run: CompleteRun | undefined,
    example: Awaited<ReturnType<typeof speedExample>>,
  ): Promise<Compared> {
    const evaluation = await context.evaluator.evaluateTeacher(comparisonData(context).data);
    if (!example)
      return {
        evaluation,
        size: { parameters: teacher.parameters, bytes: teacher.bytes, latencyMs: undefined },
      };
    const size = await measureTeacher(teacher, example);
    // The exported file is what others run; measured beside the student's, it is compared fairly.
    const file = run && exportedOnnx(run);
    return {
      evaluation,
      size: file === undefined ? size : { ...size, latencyMs: await measureLatency(file, example) },
    };
  }

  private teacherTitle(): string {
    const { teacher, recipe } = this.planned;
    if (teacher) return `${teacher.recipe.plan.student.definition.name} (${teacher.recipe.plan.name})`;
    const own = recipe.plan.teacher;
    return own?.kind === 'component' ? own.component.definition.name : 'teacher';
  }

  private async timed<T>(name: string, body: () => Promise<T>): Promise<T> {
    const { clock } = this.container.services;
    const start = clock.now();
    const result = await body();
    this.timings.push({ stage: name, seconds: (clock.now() - start) / 1000 });
    return result;
  }
}

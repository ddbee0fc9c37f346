// Everything that a run needs before it trains: opened, made and checked, nothing written.
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import type { RunContainer } from '../container/run-container.js';
import type {
  Adjustment,
  Exporter,
  Figure,
  Metric,
  Paths,
  ProgressSink,
  Student,
  Teacher,
} from '../contracts/index.js';
import { beginEvents, stageEvents } from './begin/begin-events.js';
import { fitWeights, formsOf } from './begin/fit.js';
import { checkFolderNames } from './choose-folder.js';
import { checkExportNames } from './check-exports.js';
import { checkParts } from './check-parts.js';
import { openData, readPart, type RunData } from './data.js';
import { folderName } from './folder.js';
import { identityOf } from './identity.js';
import { RunLog } from './log.js';
import { openContainer } from './open-container.js';
import type { RunOptions } from './options.js';
import { checkAccumulation, withFrozenVariables } from './parameters.js';
import { placed } from './placed.js';
import { frozenStudent, teacherEvents } from './run-teacher.js';
import { aligned, metricsOf, taskOf, type ChosenTask } from './task-of.js';
import { checkTeacherData, checkTeacherParts } from './teacher-data.js';
import { isLive, taughtBy } from './taught.js';
import type { PlannedRun } from './teachers.js';

/** A run about to be executed. */
export interface PreparedRun {
  readonly planned: PlannedRun;
  readonly options: RunOptions;
  /** Absolute. */
  readonly runsFolder: string;
  readonly container: RunContainer;
  readonly log: RunLog;
  readonly data: RunData;
  readonly student: Student;
  readonly task: ChosenTask;
  readonly metrics: readonly Metric[];
  /** Figures of the metrics that can be had, in order. */
  readonly figures: readonly Figure[];
  readonly adjustments: readonly Adjustment[];
  readonly exporters: readonly Exporter[];
  /** The teacher that is a component. */
  readonly teacher: Teacher | undefined;
  /** The run whose student is the teacher. */
  readonly teacherRun: PreparedRun | undefined;
  /** The run whose student's weights the student begins with. */
  readonly beginRun: PreparedRun | undefined;
  /** Whether the recipe asks for a baseline and something but the teacher can train it. */
  readonly trainsBaseline: boolean;
  /** Milliseconds since 1970. */
  readonly begun: number;
  /** Tells components where the run writes. */
  useFolder(path: string): void;
  /** What {@link dispose} is to free as well; the last given is freed first. */
  onDispose(free: () => void | Promise<void>): void;
  /** Frees everything, the teacher's run included. May be called twice. */
  dispose(): Promise<void>;
}

/** Opens what the recipe names. Whatever can be refused without training is refused here, before any teacher is trained. */
export async function prepareRun(planned: PlannedRun, options: RunOptions): Promise<PreparedRun> {
  const { plan } = planned.recipe;
  checkFolderNames({ '--folder': options.runFolder, '--runs': options.runsFolder });
  const runsFolder = resolve(options.runsFolder ?? 'runs');
  const log = new RunLog(options.services?.progress ?? { emit: () => undefined });
  const disposals: (() => void | Promise<void>)[] = [];
  const dispose = async () => {
    let failure: { readonly error: unknown } | undefined;
    for (const free of disposals.splice(0).reverse())
      try {
        await free();
      } catch (error) {
        failure ??= { error };
      }
    if (failure) throw failure.error;
  };
  let runFolder = options.runFolder ?? join(runsFolder, folderName(identityOf(planned)));
  const paths: Paths = {
    recipeFolder: plan.folder,
    runsFolder,
    dataFolder: process.env.POTSTILL_DATA,
    get runFolder() {
      return runFolder;
    },
  };
  try {
    const container = await openContainer(planned.recipe, {
      paths,
      progress: log,
      cache: options.cache ?? false,
      // Not `log` itself: pino takes what has `emit` for an emitter of its own events.
      overrides: { logger: pino({ base: null }, { write: (line) => log.write(line) }), ...options.services },
    });
    disposals.push(() => container.dispose());
    const begun = container.services.clock.now();
    const data = await openData(plan, container);
    disposals.push(() => data.dispose());
    const { description } = data;

    checkAccumulation(plan, data.training.size);
    if (plan.baseline) checkAccumulation({ ...plan, train: plan.baseline.train }, data.train.size);
    const student = withFrozenVariables(plan, await container.make(plan.student, { data: description }));
    disposals.push(() => {
      for (const { variable } of student.variables) variable.dispose();
    });
    const task = await taskOf(plan, container, description);
    const metrics = await metricsOf(plan, container, description, task.task);
    const adjustments: Adjustment[] = [];
    for (const adjustment of plan.adjustments)
      adjustments.push(await container.make(adjustment, { data: description }));
    const exporters: Exporter[] = [];
    for (const exporter of plan.exporters) exporters.push(await container.make(exporter, {}));
    checkExportNames(plan, exporters);
    for (const exporter of exporters) exporter.check?.({ student, data: description });

    const beginRun = await preparedBegin(planned, student, options, log);
    if (beginRun) disposals.push(() => beginRun.dispose());
    const teacherRun =
      planned.teacher && (await prepareRun(planned.teacher, nestedOptions(options, teacherEvents(log))));
    if (teacherRun) {
      disposals.push(() => teacherRun.dispose());
      checkTeacherData(teacherRun.planned.recipe.plan.name, teacherRun.data.description, description);
    }
    const teacher =
      plan.teacher?.kind === 'component'
        ? aligned(
            task.task,
            await container.make(plan.teacher.component, {
              data: description,
              read: (part) => readPart(data[part], container.services.random),
              student: taughtBy(plan, container, description, student),
            }),
            description,
          )
        : undefined;
    if (teacher) {
      disposals.push(() => teacher.dispose());
      checkTeacherParts(
        teacher,
        (['train', 'validation', 'test'] as const).filter((part) => data[part]),
      );
    }
    const parts = {
      data: data.training.description,
      examples: data.training.size,
      student,
      teacher:
        teacher ?? (teacherRun && aligned(task.task, untrained(teacherRun, isLive(plan)), description)),
      metrics,
      task: task.task,
    };
    const { teacherFree, figures } = await checkParts(plan, container, parts);
    const trainsBaseline = plan.baseline !== undefined && (teacherFree || task.task.hardLoss !== undefined);
    if (plan.baseline && !trainsBaseline) log.warn(noBaseline);
    return {
      planned,
      options,
      runsFolder,
      container,
      log,
      data,
      student,
      task,
      metrics,
      figures,
      adjustments,
      exporters,
      teacher,
      teacherRun,
      beginRun,
      trainsBaseline,
      begun,
      useFolder: (path) => (runFolder = path),
      onDispose: (free) => disposals.push(free),
      dispose,
    };
  } catch (error) {
    // What went wrong first is what the user is to see.
    await dispose().catch(() => undefined);
    throw error;
  }
}

const noBaseline = {
  code: 'RUN_NO_BASELINE',
  message:
    'there is no baseline: every loss reads the teacher, and the data have no target to train on alone',
  hint: 'Add a loss that needs no teacher, or set `baseline: false`.',
};

/** What the student of a run will say of itself as a teacher. */
function untrained({ student, data: { description } }: PreparedRun, live: boolean): Teacher {
  return {
    outputs: student.outputs,
    fingerprint: '',
    ...(live ? { graph: frozenStudent(student) } : {}),
    ...(description.labels ? { labels: description.labels } : {}),
    label: () => Promise.reject(new Error('internal: a teacher is asked before it is trained')),
    dispose: () => Promise.resolve(),
  };
}

/** A run that another stands on has a folder of its own, and its events are told as its part of the other. */
function nestedOptions({ runFolder: _, ...options }: RunOptions, progress: ProgressSink): RunOptions {
  return { ...options, services: { ...options.services, progress } };
}

/** Prepares the run to begin from, if that is one, and holds its student's variables against those of `student`. */
async function preparedBegin(
  { begin, recipe: { plan } }: PlannedRun,
  student: Student,
  options: RunOptions,
  log: RunLog,
): Promise<PreparedRun | undefined> {
  if (!begin || !plan.begin) return undefined;
  const events =
    plan.begin.kind === 'stage' ? stageEvents(log, plan.begin.plan.stage?.names ?? []) : beginEvents(log);
  const run = begin.kind === 'run' ? await prepareRun(begin.run, nestedOptions(options, events)) : undefined;
  try {
    const theirs = begin.kind === 'run' ? run && formsOf(run.student) : begin.weights.student;
    fitWeights(begin.from, theirs ?? {}, formsOf(student), plan.begin.except);
    return run;
  } catch (error) {
    await run?.dispose().catch(() => undefined);
    throw placed(error, plan.trace);
  }
}

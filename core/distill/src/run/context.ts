// What the stages of one run share, and what each leaves for those after it.
import type { HostTensors, RandomStream } from '@potstill/engine';
import type { RunContainer } from '../container/run-container.js';
import type { Adjustment, Exporter, Figure, Finding, Metric, Student, Teacher } from '../contracts/index.js';
import type { Plan } from '../recipe/plan.js';
import type { Labelled } from '../train/label-ahead.js';
import type { MadeAdjustment } from './adjust-stage.js';
import type { Begun } from './begin/begin-stage.js';
import type { BeginWeights } from './begin/begin-weights.js';
import type { RunData } from './data.js';
import type { Comparison } from './evaluate-stage.js';
import type { Evaluator } from './evaluation.js';
import type { Exported } from './export-stage.js';
import type { RunFolder } from './folder.js';
import type { RunLog } from './log.js';
import type { CompleteRun } from './run-teacher.js';
import type { Summary } from './summary.js';
import type { ChosenTask } from './task-of.js';
import type { PlannedRun } from './teachers.js';
import type { Timings } from './timings.js';
import type { Trained, TrainedStage } from './train-student.js';

/** The result of each stage, by its name. */
export interface StageResults {
  /** The run whose student is the teacher; undefined for other teachers. */
  readonly teacher: CompleteRun | undefined;
  /** Undefined where the student begins at random. */
  readonly begin: Begun | undefined;
  readonly preflight: readonly Finding[];
  readonly baseline: Trained;
  /** Undefined where no loss reads the teacher. */
  readonly label: Labelled | undefined;
  readonly student: Trained;
  readonly adjust: readonly MadeAdjustment[];
  readonly evaluate: Comparison;
  readonly export: Exported;
  readonly report: Summary;
}

export type StageName = keyof StageResults;

/** One step of a run. A stage that a folder has finished gives back what it recorded there. */
export interface Stage<N extends StageName = StageName> {
  readonly name: N;
  /** Whether this run has the stage. Default: it has. */
  applies?(context: RunContext): boolean;
  run(context: RunContext): Promise<StageResults[N]>;
}

export interface RunContext {
  readonly planned: PlannedRun;
  readonly plan: Plan;
  readonly container: RunContainer;
  readonly folder: RunFolder;
  readonly log: RunLog;
  readonly data: RunData;
  /** By what models are judged. */
  readonly task: ChosenTask;
  readonly metrics: readonly Metric[];
  /** Figures of the metrics that can be had, in order. */
  readonly figures: readonly Figure[];
  readonly adjustments: readonly Adjustment[];
  readonly exporters: readonly Exporter[];
  /** A teacher that is a recipe is there once the stage `teacher` is done. */
  teacher: Teacher | undefined;
  /** Trains the teacher's recipe, or finds its complete run. Undefined for other teachers. */
  readonly executeTeacher: (() => Promise<CompleteRun>) | undefined;
  /** Evaluates beside the teacher there is now. */
  readonly evaluator: Evaluator;
  /** The same while a student is trained: without a teacher that changes with it. */
  readonly evaluatorDuring: Evaluator;
  /** Whether the recipe asks for a baseline and something but the teacher can train it. */
  readonly trainsBaseline: boolean;
  /** Runs the recipe that the student begins from, or finds its complete run. Undefined where there is none. */
  readonly executeBegin: (() => Promise<BeginWeights>) | undefined;
  /** One student for all trainings of the run; `initial` are the weights that each begins with, once the stage `begin` is done. */
  readonly student: Student;
  initial: Readonly<Record<TrainedStage, HostTensors>>;
  /** Those of a teacher that changes in training. */
  readonly initialTaught: HostTensors;
  /** Identifies recipe, seed and data in checkpoints. */
  readonly identity: string;
  readonly random: RandomStream;
  readonly resume: boolean;
  readonly signal: AbortSignal | undefined;
  readonly checkpointEvery: { readonly seconds: number } | { readonly steps: number } | undefined;
  readonly timings: Timings;
  /** Results of the stages so far. */
  readonly results: { -readonly [N in StageName]?: StageResults[N] };
  /** Called when the run ends. */
  onDispose(free: () => void | Promise<void>): void;
}

/** The result of an earlier stage that every run has. */
export function resultOf<N extends StageName>(context: RunContext, name: N): NonNullable<StageResults[N]> {
  const result: StageResults[N] | undefined = context.results[name];
  if (result === undefined || result === null)
    throw new Error(`internal: no result of the stage ${name} yet`);
  return result;
}

/** Runs `body` between the events that say a stage starts and ends; `detail` of the end comes from its result. */
export async function stage<T>(
  log: RunLog,
  name: string,
  body: () => Promise<T>,
  detail: (result: T) => string | undefined = () => undefined,
): Promise<T> {
  log.emit({ event: 'stage', stage: name, state: 'start' });
  const result = await body();
  const said = detail(result);
  log.emit({ event: 'stage', stage: name, state: 'end', ...(said === undefined ? {} : { detail: said }) });
  return result;
}

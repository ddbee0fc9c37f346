// The stages of a run, in their order.
import { adjustStage } from './adjust-stage.js';
import { baselineStage } from './baseline-stage.js';
import { beginStage } from './begin/begin-stage.js';
import type { RunContext, Stage, StageName } from './context.js';
import { evaluateStage } from './evaluate-stage.js';
import { exportStage } from './export-stage.js';
import { labelStage } from './label-stage.js';
import { preflightStage } from './preflight-stage.js';
import { reportStage } from './report-stage.js';
import { studentStage } from './student-stage.js';
import { teacherStage } from './teacher-stage.js';
import { aborted, stopped, untilAborted } from '../train/until-aborted.js';

const stages = [
  beginStage,
  teacherStage,
  { name: 'preflight', run: preflightStage },
  baselineStage,
  labelStage,
  studentStage,
  adjustStage,
  evaluateStage,
  exportStage,
  reportStage,
] as const;

/** Runs every stage that the recipe asks for and keeps its result and its time in the context. */
export async function runStages(context: RunContext): Promise<void> {
  for (const stage of stages) await runStage<StageName>(stage, context);
}

async function runStage<N extends StageName>(stage: Stage<N>, context: RunContext): Promise<void> {
  if (stage.applies?.(context) === false) return;
  // Trainings stop by themselves, with a checkpoint.
  const trains = ['begin', 'teacher', 'baseline', 'student'].includes(stage.name);
  const result = await context.timings.time(stage.name, () =>
    untilAborted(trains ? undefined : context.signal, stage.run(context)),
  );
  if (result === aborted) throw stopped(stage.name);
  context.results[stage.name] = result;
}

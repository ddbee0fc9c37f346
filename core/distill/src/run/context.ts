// What all stages of one run share.
import type { HostTensors, RandomStream } from '@potstill/engine';
import type { Exporter, Metric, Student, Teacher } from '../contracts/index.js';
import type { Plan } from '../recipe/plan.js';
import type { RunData } from './data.js';
import type { Evaluator } from './evaluation.js';
import type { RunFolder } from './folder.js';
import type { RunLog } from './log.js';
import type { RunContainer } from '../container/run-container.js';

export interface RunContext {
  readonly plan: Plan;
  readonly container: RunContainer;
  readonly folder: RunFolder;
  readonly log: RunLog;
  readonly data: RunData;
  readonly metrics: readonly Metric[];
  readonly exporters: readonly Exporter[];
  readonly teacher: Teacher | undefined;
  readonly evaluator: Evaluator;
  /** One student for all trainings of the run; `initial` are the weights it is made with. */
  readonly student: Student;
  readonly initial: HostTensors;
  /** Identifies recipe, seed and data in checkpoints. */
  readonly identity: string;
  readonly random: RandomStream;
  readonly resume: boolean;
  readonly signal: AbortSignal | undefined;
  readonly checkpointEvery: { readonly seconds: number } | { readonly steps: number } | undefined;
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

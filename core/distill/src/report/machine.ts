// The machine that a run was made on, for the report and the run folder.
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';

export interface Machine {
  /** The processor's name as the system gives it. */
  readonly cpu: string;
  /** Processors that this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${process.arch}`,
    node: process.versions.node,
  };
}

// How long the stages of a run took, over all of its processes.
import { z } from 'zod';
import type { RunContext, StageName } from './context.js';
import type { RunFolder } from './folder.js';

/** Under this name the times stand beside the finished stages. */
const recordName = 'times';

const timesSchema = z.record(z.string(), z.number().nonnegative()).catch({});

/** Seconds by stage, in the order in which the stages were first run. Without those of processes that were killed. */
export function stageTimes(folder: RunFolder): Readonly<Record<string, number>> {
  return timesSchema.parse(folder.finished(recordName) ?? {});
}

/** Runs a stage and adds its time to what earlier processes spent on it, also when it is interrupted. */
export async function timeStage<T>(
  { folder, container }: RunContext,
  name: StageName,
  body: () => Promise<T>,
): Promise<T> {
  const { clock } = container.services;
  const start = clock.now();
  const record = () => {
    const times = stageTimes(folder);
    const seconds = (times[name] ?? 0) + Math.max(0, clock.now() - start) / 1000;
    return folder.finish(recordName, { ...times, [name]: seconds });
  };
  let result: T;
  try {
    result = await body();
  } catch (error) {
    // A full disk must not hide what went wrong.
    await record().catch(() => undefined);
    throw error;
  }
  await record();
  return result;
}

// What a run is of, out of its plan.
import type { RunIdentity } from './run-files.js';
import type { PlannedRun } from './teachers.js';
import { versionsOf } from './versions.js';

export function identityOf({
  recipe: { plan },
  hash,
  trainHash,
  teacherHash,
  beginHash,
}: PlannedRun): RunIdentity {
  return {
    name: plan.name,
    recipeHash: hash,
    trainHash,
    teacherHash,
    // Left out where there is none, so that runs keep the identity they had before a student could begin from another.
    ...(beginHash === undefined ? {} : { beginHash }),
    seed: plan.train.seed,
    versions: JSON.stringify(versionsOf(plan)),
    backend: plan.backend,
    threads: plan.threads,
  };
}

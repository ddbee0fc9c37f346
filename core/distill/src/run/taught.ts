// The student of a run as teachers see that are computed in its training step.
import { freeze, matchesName } from '@potstill/engine';
import type { RunContainer } from '../container/run-container.js';
import type { DataDescription, Student, TaughtStudent } from '../contracts/index.js';
import type { RunTeacherOptions } from './run-teacher.js';
import type { Plan } from '../recipe/plan.js';

/** Others are made with random numbers of their own, and frozen as the recipe freezes the student. */
export function taughtBy(
  plan: Plan,
  container: RunContainer,
  data: DataDescription,
  model: Student,
): TaughtStudent {
  return {
    model,
    inputs: data.inputs,
    async another(name, reference) {
      const random = container.services.random.child(`another student: ${name}`);
      const made =
        reference === undefined
          ? await container.make(plan.student, { data }, random)
          : await container.makeNamed(
              'student',
              reference,
              { data },
              plan.teacher ? 'teacher' : 'student',
              random,
            );
      const patterns = (plan.train.freeze ?? []).filter((pattern) =>
        made.variables.some((variable) => matchesName(pattern, variable.name)),
      );
      if (patterns.length === 0) return made;
      return {
        outputs: made.outputs,
        variables: freeze(made.variables, patterns),
        forward: (inputs, at) => made.forward(inputs, at),
      };
    },
  };
}

/** Whether the teacher is another run's student that runs in the training step. */
export function isLive({ teacher }: Pick<Plan, 'teacher'>): boolean {
  return teacher?.kind === 'recipe' && teacher.live;
}

/** How a recipe wants the student of another run as its teacher. */
export function runTeacherOptions({ teacher }: Pick<Plan, 'teacher'>): RunTeacherOptions {
  return teacher?.kind === 'recipe' ? { live: teacher.live, epoch: teacher.epoch } : {};
}

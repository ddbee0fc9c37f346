// Losses of learners that teach each other: each peer has the student's, and each that reads a peer faces one of the others.
import type { Schedule, Teacher } from '../contracts/index.js';
import type { LossPlan } from '../recipe/plan.js';
import { facedOutputs, learnersOf, studentLearner } from '../train/learners.js';
import type { WeightedLoss } from '../train/objective.js';
import { disposeLosses, makeLosses } from './assemble.js';
import { trainingDataOf } from './data.js';
import { lossesOf, type LossContext } from './losses-of.js';
import type { TrainedStage } from './train-student.js';

/**
 * All losses of a training: those of the student, and of its peers where it has some and a loss reads them. With several
 * peers a loss that reads them counts as the mean over those that its learner faces; each pair has a loss of its own, since variables
 * such as a hint's regressor belong to one pair. Their names: `kd@peer-1`, and with several peers `kd@peer-1:student`.
 */
export async function trainingLosses(
  context: LossContext,
  name: TrainedStage,
  plans: readonly LossPlan[] = context.plan.losses,
): Promise<WeightedLoss[]> {
  const own = await lossesOf(context, name, plans);
  const { student, teacher, container } = context;
  const faced = new Set(facedOutputs(student, teacher?.graph));
  const facing = ({ loss }: WeightedLoss) => loss.needs.teacher.some((output) => faced.has(output));
  if (name === 'baseline' || !teacher?.graph || !own.some(facing)) return own;
  disposeLosses(own);
  const learners = learnersOf(student, teacher.graph);
  const { description: data, size: examples } = trainingDataOf(context.data, name);
  const all: WeightedLoss[] = [];
  for (const [learner, model] of learners) {
    const others = [...learners].filter(([other]) => other !== learner);
    for (const plan of plans) {
      for (const [at, [other, itself]] of others.entries()) {
        const made = await makeLosses([plan], container, {
          data,
          examples,
          student: model,
          teacher: asSeen(teacher, itself.outputs),
        });
        const pair = made.some(facing);
        if (!pair && at > 0) {
          disposeLosses(made);
          break;
        }
        const several = pair && others.length > 1 ? `:${other}` : '';
        const suffix = learner === studentLearner ? several : `@${learner}${several}`;
        all.push(
          ...made.map((each) => ({
            ...each,
            name: each.name + suffix,
            weight: pair ? shared(each.weight, others.length) : each.weight,
            learner,
            ...(pair ? { facing: other } : {}),
          })),
        );
      }
    }
  }
  return all;
}

/** The teacher with another learner's outputs in place of those of its peers. */
function asSeen(teacher: Teacher, outputs: Teacher['outputs']): Teacher {
  const prefix = teacher.graph?.peers?.prefix ?? '';
  const own = Object.entries(outputs).map(([name, spec]) => [prefix + name, spec] as const);
  return { ...teacher, outputs: { ...teacher.outputs, ...Object.fromEntries(own) } };
}

function shared(weight: number | Schedule, count: number): number | Schedule {
  if (count === 1) return weight;
  return typeof weight === 'number' ? weight / count : (at) => weight(at) / count;
}

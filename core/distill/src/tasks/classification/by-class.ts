// What each model gets right, class by class.
import type { Role, ShownModel } from '../../contracts/index.js';
import type { Predictions } from '../../evaluate/predictions.js';
import { holm, mcnemar, significance } from '../../report/chance.js';
import { predictionsOf, samePredictions } from './discordance.js';

export interface ClassResult {
  /** Index of the class. */
  readonly at: number;
  /** Examples of that class, at least 1. */
  readonly count: number;
  /** Share of them that a model gets right, in [0, 1]. */
  readonly recall: Readonly<Partial<Record<Role, number>>>;
  /** How the student compares with the reference model, only beyond chance; p is corrected for the number of classes. */
  readonly difference: 'better' | 'worse' | undefined;
}

interface Counts {
  count: number;
  readonly right: Map<Role, number>;
  onlyStudent: number;
  onlyReference: number;
}

export interface ByClass {
  /** The models that answered the student's examples. */
  readonly models: readonly ShownModel[];
  /** The one that differences are measured against: the student alone, else the teacher. */
  readonly reference: ShownModel | undefined;
  /** The student's worst classes first. Classes without examples are left out. */
  readonly classes: readonly ClassResult[];
}

function countAll(models: ReadonlyMap<Role, Predictions>, targets: Int32Array, reference: Role | undefined) {
  const classes = new Map<number, Counts>();
  const rightAt = (role: Role, at: number) => models.get(role)?.predicted[at] === targets[at];
  targets.forEach((target, at) => {
    if (target < 0) return;
    let counts = classes.get(target);
    if (!counts) {
      counts = { count: 0, right: new Map(), onlyStudent: 0, onlyReference: 0 };
      classes.set(target, counts);
    }
    counts.count++;
    for (const role of models.keys())
      if (rightAt(role, at)) counts.right.set(role, (counts.right.get(role) ?? 0) + 1);
    if (reference === undefined) return;
    const [student, other] = [rightAt('student', at), rightAt(reference, at)];
    if (student && !other) counts.onlyStudent++;
    if (other && !student) counts.onlyReference++;
  });
  return classes;
}

/** Undefined when the student's single answers or their targets were not kept. */
export function resultsByClass(shown: readonly ShownModel[]): ByClass | undefined {
  const student = predictionsOf(shown.find(({ role }) => role === 'student'));
  if (!student || student.truth.every((target) => target < 0)) return undefined;
  const answers = new Map<Role, Predictions>();
  const models = shown.filter((each) => {
    const predictions = predictionsOf(each);
    if (!predictions || !samePredictions(predictions, student)) return false;
    answers.set(each.role, predictions);
    return true;
  });
  const reference =
    models.find(({ role }) => role === 'baseline') ?? models.find(({ role }) => role === 'teacher');
  const counted = [...countAll(answers, student.truth, reference?.role)];
  const corrected = holm(counted.map(([, counts]) => mcnemar(counts.onlyStudent, counts.onlyReference)));
  const classes = counted.map(([at, { count, right, onlyStudent, onlyReference }], position): ClassResult => {
    const recall: Partial<Record<Role, number>> = {};
    for (const role of answers.keys()) recall[role] = (right.get(role) ?? 0) / count;
    const beyond = (corrected[position] as number) < significance;
    const difference = beyond ? (onlyStudent > onlyReference ? 'better' : 'worse') : undefined;
    return { at, count, recall, difference };
  });
  const worst = ({ recall }: ClassResult) => recall.student ?? 0;
  return { models, reference, classes: classes.sort((a, b) => worst(a) - worst(b) || a.at - b.at) };
}

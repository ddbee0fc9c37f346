// Who learns in a step, and whose answers each loss compares with: the student, its peers, a teacher computed in the step.
import { stopGradient, type NamedTensors, type NamedVariable, type StepContext } from '@potstill/engine';
import type { GraphTeacher, Loss, Progress, Student, Teacher } from '../contracts/index.js';

/** The file of the weights of a teacher that changes with the student, beside the student's best. */
export const taughtWeights = 'teacher.safetensors';

/** The recipe's student among the learners; peers have names of their own. */
export const studentLearner = 'student';

/** The student first, then its peers. */
export function learnersOf(student: Student, graph: GraphTeacher | undefined): ReadonlyMap<string, Student> {
  return new Map([[studentLearner, student], ...Object.entries(graph?.peers?.students ?? {})]);
}

/** Names of the teacher's outputs that are those of whoever faces the learner. */
export function facedOutputs(student: Student, graph: GraphTeacher | undefined): readonly string[] {
  const { peers } = graph ?? {};
  if (!peers) return [];
  const all = [student, ...Object.values(peers.students)];
  return Object.keys(student.outputs)
    .filter((name) => all.every(({ outputs }) => name in outputs))
    .map((name) => peers.prefix + name);
}

/** Variables of a teacher in the graph, then those of peers, by the names that checkpoints have. */
export function taughtVariables(graph: GraphTeacher | undefined): NamedVariable[] {
  if (!graph) return [];
  return [
    ...graph.variables.map((each) => ({ ...each, name: `teacher/${each.name}` })),
    ...Object.entries(graph.peers?.students ?? {}).flatMap(([peer, { variables }]) =>
      variables.map((each) => ({ ...each, name: `peers/${peer}/${each.name}` })),
    ),
  ];
}

/** Whether what the teacher answers depends on how far training is. */
export function changes(teacher: Teacher | undefined): boolean {
  return teacher?.graph !== undefined && teacher.graph.fixed !== true;
}

/** Whether a loss compares with the teacher. */
export function readsTeacher({ needs }: Loss): boolean {
  return needs.teacher.length > 0 || needs.live === true;
}

/** Whether the teacher can be run in the step on any inputs. */
export function isLiveTeacher(graph: GraphTeacher | undefined): graph is GraphTeacher {
  return graph?.fixed === true && !graph.asked;
}

/** All outputs of a frozen teacher about inputs that a loss made. */
export function liveTeacher(
  graph: GraphTeacher | undefined,
  inputs: NamedTensors,
  progress: Progress,
  at: StepContext,
): NamedTensors {
  if (!isLiveTeacher(graph)) throw new Error('internal: a loss runs a teacher that is not in the step');
  return graph.forward({ inputs, student: {}, asked: {}, progress, at }, []);
}

/** The teacher's part of the step; undefined where no loss reads it. */
export function usedGraph(
  teacher: Teacher | undefined,
  losses: readonly { readonly loss: Loss }[],
): GraphTeacher | undefined {
  return losses.some(({ loss }) => readsTeacher(loss)) ? teacher?.graph : undefined;
}

/** The teacher that is asked about batches, if any. */
export function askedTeacher(teacher: Teacher | undefined): Teacher | undefined {
  return teacher?.graph ? teacher.graph.asked?.teacher : teacher;
}

/** What is fed for a teacher's outputs, where it is computed in the step. */
export function askedOutputs(graph: GraphTeacher | undefined, read: readonly string[]): readonly string[] {
  if (!graph) return read;
  return graph.asked && read.length > 0 ? graph.asked.needs(read) : [];
}

export interface StepTeacherInput {
  readonly graph: GraphTeacher | undefined;
  readonly inputs: NamedTensors;
  /** Outputs of each learner. */
  readonly outputs: ReadonlyMap<string, NamedTensors>;
  readonly asked: NamedTensors;
  readonly progress: Progress;
  readonly at: StepContext;
  /** Outputs that losses read. */
  readonly read: readonly string[];
}

/** The teacher's outputs as a learner sees them that faces another, or none. */
export function stepTeacher(input: StepTeacherInput): (facing: string | undefined) => NamedTensors {
  const { graph, outputs, asked, read, ...step } = input;
  if (!graph) return () => asked;
  const student = outputs.get(studentLearner) ?? {};
  const common = read.length > 0 ? { ...asked, ...graph.forward({ ...step, asked, student }, read) } : asked;
  return (facing) => {
    const faced = facing === undefined ? undefined : outputs.get(facing);
    if (!faced || !graph.peers) return common;
    const { prefix } = graph.peers;
    return {
      ...common,
      ...Object.fromEntries(
        Object.entries(faced).map(([name, tensor]) => [prefix + name, stopGradient(tensor)]),
      ),
    };
  };
}

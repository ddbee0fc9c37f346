// The models of a report in the order and under the names in which every part of it shows them.
import type { ReportInput, ReportModel } from './report-input.js';

export type Role = 'teacher' | 'baseline' | 'student';

export interface Shown {
  readonly role: Role;
  readonly name: string;
  readonly model: ReportModel;
}

/** Teacher, student alone, distilled: those that are there. Without teacher the student is just `Student`. */
export function shownModels(input: ReportInput): Shown[] {
  const distilled = input.teacher !== undefined;
  const all: readonly { role: Role; name: string; model: ReportModel | undefined }[] = [
    { role: 'teacher', name: 'Teacher', model: input.teacher },
    { role: 'baseline', name: 'Student alone', model: input.baseline },
    { role: 'student', name: distilled ? 'Distilled' : 'Student', model: input.student },
  ];
  return all.flatMap(({ role, name, model }) => (model === undefined ? [] : [{ role, name, model }]));
}

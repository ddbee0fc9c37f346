// The models of a report in the order and under the names in which every part of it shows them.
import type { ReportModel, Role, SectionInput, ShownModel } from '../contracts/index.js';
import type { ReportInput } from './report-input.js';

/** Teacher, student alone, distilled: those that are there. Without teacher the student is just `Student`. */
export function shownModels(input: ReportInput): ShownModel[] {
  const distilled = input.teacher !== undefined;
  const all: readonly { role: Role; name: string; model: ReportModel | undefined }[] = [
    { role: 'teacher', name: 'Teacher', model: input.teacher },
    { role: 'baseline', name: 'Student alone', model: input.baseline },
    { role: 'student', name: distilled ? 'Distilled' : 'Student', model: input.student },
  ];
  return all.flatMap(({ role, name, model }) => (model === undefined ? [] : [{ role, name, model }]));
}

/** What sections of tasks, losses and metrics are made from. */
export function sectionInput(input: ReportInput): SectionInput {
  return { models: shownModels(input), data: input.test, figures: input.figures };
}

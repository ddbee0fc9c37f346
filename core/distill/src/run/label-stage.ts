// Stage `label`: asks the teacher about all training examples once, where a loss reads its outputs and the store keeps them.
import { stage, type Stage } from './context.js';
import { label, labelledText, readTeacher } from './label.js';

export const labelStage: Stage<'label'> = {
  name: 'label',
  applies: ({ teacher, folder }) => teacher !== undefined && folder.finished('student') === undefined,
  async run(context) {
    const teacher = await readTeacher(context);
    if (!teacher) return undefined;
    return stage(context.log, 'label', () => label(context, teacher), labelledText);
  },
};

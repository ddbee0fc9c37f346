// Stage `label`: asks the teacher about all training examples once, where a loss reads its outputs and the store keeps them.
import type { Labelled } from '../train/label-ahead.js';
import { stage, type RunContext, type Stage } from './context.js';
import { label, labelledText, readTeacher } from './label.js';

/** What all processes of this run have asked, as the folder records it; undefined where none has labelled. */
export function labelledBefore({ folder }: Pick<RunContext, 'folder'>): Labelled | undefined {
  return folder.finished<Labelled>('label');
}

export const labelStage: Stage<'label'> = {
  name: 'label',
  applies: ({ teacher, folder }) => teacher !== undefined && folder.finished('student') === undefined,
  async run(context) {
    const teacher = await readTeacher(context);
    if (!teacher) return undefined;
    const labelled = await stage(context.log, 'label', () => label(context, teacher), labelledText);
    const before = labelledBefore(context)?.asked ?? 0;
    const whole = { ...labelled, asked: before + labelled.asked };
    if (!context.signal?.aborted) await context.folder.finish('label', whole);
    return whole;
  },
};

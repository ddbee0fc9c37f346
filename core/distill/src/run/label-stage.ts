// Stage `label`: asks the teacher about all training examples once, where a loss reads its outputs and the store keeps them.
import type { Teacher } from '../contracts/index.js';
import { onlyOutputs } from '../store/index.js';
import { labelAhead } from '../train/source.js';
import { disposeLosses } from './assemble.js';
import { stage, type RunContext, type Stage } from './context.js';
import { lossesOf } from './losses-of.js';

/** Milliseconds between two progress events. */
const interval = 500;

export const labelStage: Stage<'label'> = {
  name: 'label',
  applies: ({ teacher, folder, data }) =>
    teacher !== undefined &&
    folder.finished('student') === undefined &&
    !data.training.transforms.some((transform) => transform.random),
  async run(context) {
    const teacher = await readTeacher(context);
    if (teacher) await stage(context.log, 'label', () => label(context, teacher));
    return undefined;
  },
};

/** The teacher with the outputs that losses read; undefined where there are none. */
async function readTeacher(context: RunContext): Promise<Teacher | undefined> {
  const losses = await lossesOf(context, 'student');
  const read = losses.flatMap(({ loss }) => loss.needs.teacher);
  disposeLosses(losses);
  if (!context.teacher || read.length === 0) return undefined;
  return onlyOutputs(context.teacher, read);
}

async function label(
  { plan, container, data, random, log, signal }: RunContext,
  teacher: Teacher,
): Promise<void> {
  const { clock, store } = container.services;
  const begun = clock.now();
  const total = data.training.size;
  let told = -Infinity;
  await labelAhead({
    data: data.training,
    size: total,
    random: random.child('train'),
    teacher,
    store,
    ...(signal ? { signal } : {}),
    onBatch(done) {
      const now = clock.now();
      if (now - told < interval && done < total) return;
      told = now;
      const seconds = (now - begun) / 1000;
      const examplesPerSecond = seconds > 0 ? done / seconds : 0;
      log.emit({
        event: 'progress',
        stage: 'label',
        epoch: 0,
        epochs: 1,
        step: Math.ceil(done / plan.train.batch),
        steps: Math.ceil(total / plan.train.batch),
        loss: 0,
        examplesPerSecond,
        secondsLeft: examplesPerSecond > 0 ? (total - done) / examplesPerSecond : 0,
      });
    },
  });
}

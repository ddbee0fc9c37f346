// Stage `label`: asks the teacher about all training examples once, where its outputs can be kept.
import { labelAhead } from '../train/source.js';
import { stage, type RunContext, type Stage } from './context.js';

/** Milliseconds between two progress events. */
const interval = 500;

export const labelStage: Stage<'label'> = {
  name: 'label',
  applies: ({ teacher, folder, data }) =>
    teacher !== undefined &&
    folder.finished('student') === undefined &&
    !data.train.transforms.some((transform) => transform.random),
  async run(context) {
    await stage(context.log, 'label', () => label(context));
    return undefined;
  },
};

async function label({ plan, container, data, teacher, random, log, signal }: RunContext): Promise<void> {
  if (!teacher) throw new Error('internal: labels without a teacher');
  const { clock, store } = container.services;
  const begun = clock.now();
  const total = data.train.size;
  let told = -Infinity;
  await labelAhead({
    data: data.train,
    size: total,
    batch: plan.train.batch,
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

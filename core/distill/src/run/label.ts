// Fills the teacher store with the answers that a student's training reads, and says how far it is.
import type { Teacher } from '../contracts/index.js';
import { onlyOutputs } from '../store/index.js';
import { askedOutputs, askedTeacher } from '../train/learners.js';
import { labelAhead, type Labelled } from '../train/label-ahead.js';
import { disposeLosses } from './assemble.js';
import type { RunContext } from './context.js';
import { lossesOf, type LossContext } from './losses-of.js';

/** Milliseconds between two progress events. */
const interval = 500;

/** The teacher that is asked, with the outputs that losses read; undefined where there are none. */
export async function readTeacher(context: LossContext): Promise<Teacher | undefined> {
  const losses = await lossesOf(context, 'student');
  const read = losses.flatMap(({ loss }) => loss.needs.teacher);
  disposeLosses(losses);
  const asked = askedTeacher(context.teacher);
  const outputs = askedOutputs(context.teacher?.graph, read);
  return asked && outputs.length > 0 ? onlyOutputs(asked, outputs) : undefined;
}

/** Labels the training data, with events of the stage `label`. */
export async function label(
  { plan, container, data, random, log, signal }: LabelContext,
  teacher: Teacher,
): Promise<Labelled> {
  const { clock, store, logger } = container.services;
  let begun: { readonly time: number; readonly done: number } | undefined;
  let told = -Infinity;
  const labelled = await labelAhead({
    data: data.training,
    size: data.training.size,
    random: random.child('train'),
    teacher,
    store,
    cache: plan.teacher?.cache.keep ?? 'auto',
    epochs: plan.train.epochs,
    ...(signal ? { signal } : {}),
    onBatch(done, total) {
      const now = clock.now();
      // What was there before says nothing about the teacher's speed.
      begun ??= { time: now, done };
      if (now - told < interval && done < total) return;
      told = now;
      const seconds = (now - begun.time) / 1000;
      const unitsPerSecond = seconds > 0 ? (done - begun.done) / seconds : 0;
      const secondsLeft = unitsPerSecond > 0 ? (total - done) / unitsPerSecond : 0;
      log.emit({
        event: 'progress',
        stage: 'label',
        done,
        total,
        unit: 'examples',
        unitsPerSecond,
        secondsLeft,
        figures: {},
      });
    },
  });
  logger.info({ ...labelled }, 'labelled');
  return labelled;
}

export type LabelContext = Pick<RunContext, 'plan' | 'container' | 'data' | 'random' | 'log' | 'signal'>;

/** The same as rows of a report: what was asked, and how each output is kept. */
export function labelledRows({ kept, why, total, asked, outputs }: Labelled): (readonly [string, string])[] {
  if (!kept) return [['answers', `not stored: ${why}`]];
  const count = (value: number) => value.toLocaleString('en');
  return [
    ['answers', `${count(total)}, of which ${asked === 0 ? 'none' : count(asked)} asked for in this run`],
    ...outputs.map(
      ({ output, encoding, cost }) =>
        [
          `\`${output}\` kept as`,
          cost
            ? `${encoding}; KL divergence ${cost.mean.toExponential(1)} nats on average, at most ${cost.largest.toExponential(1)}`
            : encoding,
        ] as const,
    ),
  ];
}

/** In words: `60,000 answers stored, 12,000 of them now; logits as float16: KL 1.2e-7, at most 3.1e-6`. */
export function labelledText({ kept, why, total, asked, outputs }: Labelled): string {
  if (!kept) return `not stored, the teacher runs in every epoch: ${why}`;
  const count = (value: number) => value.toLocaleString('en');
  const now = asked === 0 ? 'none of them now' : asked === total ? '' : `${count(asked)} of them now`;
  const costs = outputs.flatMap(({ output, encoding, cost }) =>
    cost
      ? [
          `${output} as ${encoding}: KL ${cost.mean.toExponential(1)}, at most ${cost.largest.toExponential(1)}`,
        ]
      : [],
  );
  return [[`${count(total)} answers stored`, now].filter(Boolean).join(', '), ...costs].join('; ');
}

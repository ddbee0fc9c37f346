// Schedules: learning rates and loss weights that change from update to update.
import { z } from 'zod';
import type { AnyComponent, Schedule, ScheduleAt } from '../contracts/index.js';
import { schedule } from '../plugin/define.js';

const epochs = z.number().positive();

/** From `from` at 0 to `to` at 1 along half a cosine; beyond 1 it stays. */
function cosine(from: number, to: number, fraction: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(1, fraction)))) / 2;
}

/** How much of a way of so many epochs, or of the whole training, is done. */
function fractionOf(duration: number | undefined, { step, steps, stepsPerEpoch }: ScheduleAt): number {
  const way = duration === undefined ? steps : duration * stepsPerEpoch;
  return way > 0 ? Math.min(1, step / way) : 0;
}

const warmup = z
  .number()
  .min(0)
  .default(0)
  .describe('Epochs in which the value rises in a straight line from near 0; the schedule proper follows.');

/** The length of a warm-up in updates, which is no longer than the training. */
function risingSteps(epochsOfIt: number, { steps, stepsPerEpoch }: ScheduleAt): number {
  return Math.min(epochsOfIt * stepsPerEpoch, steps);
}

/** A warm-up of so many epochs to the first value of a schedule, which then has what is left of the training. */
function afterWarmup(epochsOfIt: number, schedule: Schedule): Schedule {
  if (epochsOfIt === 0) return schedule;
  return (at) => {
    const rising = risingSteps(epochsOfIt, at);
    const rest = { ...at, steps: at.steps - rising };
    // The first update of a warm-up already moves, so it is one step up.
    if (at.step < rising) return (schedule({ ...rest, step: 0 }) * Math.min(rising, at.step + 1)) / rising;
    return schedule({ ...rest, step: at.step - rising });
  };
}

const constantSchedule: AnyComponent = schedule('constant', {
  help: 'The same value throughout, after an optional linear warm-up.',
  options: z.strictObject({ value: z.number().describe('The value.'), warmup }),
  create: ({ value, warmup: rising }) => afterWarmup(rising, () => value),
});

const stepSchedule: AnyComponent = schedule('step', {
  help: 'Multiplied by a factor every so many epochs.',
  options: z.strictObject({
    value: z.number().describe('The value at the start.'),
    every: epochs.describe('Epochs between two changes.'),
    factor: z.number().default(0.1).describe('What the value is multiplied by at each change.'),
    warmup,
  }),
  create: ({ value, every, factor, warmup: rising }) =>
    afterWarmup(
      rising,
      ({ step, stepsPerEpoch }) => value * factor ** Math.floor(step / (every * stepsPerEpoch)),
    ),
});

const cosineSchedule: AnyComponent = schedule('cosine', {
  help: 'Falls along half a cosine (Loshchilov & Hutter 2017), after an optional linear warm-up.',
  options: z.strictObject({
    peak: z.number().describe('The highest value, at the start or at the end of the warm-up.'),
    warmup,
    floor: z.number().default(0).describe('The value at the end of training.'),
  }),
  create: ({ peak, warmup: rising, floor }) =>
    afterWarmup(rising, ({ step, steps }) => cosine(peak, floor, steps > 0 ? step / steps : 0)),
});

const linearSchedule: AnyComponent = schedule('linear', {
  help: 'From one value to another in a straight line, then constant.',
  options: z.strictObject({
    from: z.number().describe('The value at the start.'),
    to: z.number().describe('The value after `epochs`.'),
    epochs: epochs.optional().describe('How many epochs the way takes. Default: the whole training.'),
    warmup,
  }),
  create: ({ from, to, epochs: duration, warmup: rising }) =>
    afterWarmup(rising, (at) => from + (to - from) * fractionOf(duration, at)),
});

const polynomialSchedule: AnyComponent = schedule('polynomial', {
  help: 'Falls as a power of what is left of the training (as PyTorch’s PolynomialLR), then constant.',
  options: z.strictObject({
    value: z.number().describe('The value at the start.'),
    power: z.number().positive().default(1).describe('1: a straight line. Above: steep at first, then flat.'),
    floor: z.number().default(0).describe('The value at the end.'),
    epochs: epochs.optional().describe('How many epochs the way takes. Default: the whole training.'),
    warmup,
  }),
  create: ({ value, power, floor, epochs: duration, warmup: rising }) =>
    afterWarmup(rising, (at) => floor + (value - floor) * (1 - fractionOf(duration, at)) ** power),
});

const inverseSquareRootSchedule: AnyComponent = schedule('inverse-square-root', {
  help: 'Rises in a straight line, then falls as 1 over the square root of the updates made (Vaswani et al. 2017, section 5.3).',
  options: z.strictObject({
    peak: z.number().describe('The highest value, at the end of the warm-up.'),
    warmup: epochs.describe('Epochs in which the value rises from near 0 to the peak.'),
  }),
  create:
    ({ peak, warmup: epochsOfIt }) =>
    (at) => {
      const rising = Math.max(1, risingSteps(epochsOfIt, at));
      // The formula counts updates from 1.
      const update = at.step + 1;
      return peak * Math.min(update / rising, Math.sqrt(rising / update));
    },
});

const oneCycleSchedule: AnyComponent = schedule('one-cycle', {
  help: 'Rises to a peak and falls far below the start, by half cosines (Smith & Topin 2019; as PyTorch’s OneCycleLR).',
  options: z.strictObject({
    peak: z.number().describe('The highest value.'),
    rise: z.number().gt(0).lt(1).default(0.3).describe('Share of the training until the peak.'),
    startDivisor: z
      .number()
      .positive()
      .default(25)
      .describe('The value at the start is the peak divided by this.'),
    endDivisor: z.number().positive().default(1e4).describe('The last value is the first divided by this.'),
  }),
  create:
    ({ peak, rise, startDivisor, endDivisor }) =>
    ({ step, steps }) => {
      const start = peak / startDivisor;
      const top = Math.max(0, rise * steps - 1);
      if (step < top) return cosine(start, peak, step / top);
      const falling = steps - 1 - top;
      return cosine(peak, start / endDivisor, falling > 0 ? (step - top) / falling : 0);
    },
});

export const scheduleComponents: readonly AnyComponent[] = [
  constantSchedule,
  stepSchedule,
  cosineSchedule,
  linearSchedule,
  polynomialSchedule,
  inverseSquareRootSchedule,
  oneCycleSchedule,
];

// Schedules: learning rates and loss weights that change from update to update.
import { z } from 'zod';
import type { AnyComponent } from '../contracts/index.js';
import { schedule } from '../plugin/define.js';

const epochs = z.number().positive();

/** From `from` at 0 to `to` at 1 along half a cosine; beyond 1 it stays. */
function cosine(from: number, to: number, fraction: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(1, fraction)))) / 2;
}

const constantSchedule: AnyComponent = schedule('constant', {
  help: 'The same value throughout.',
  options: z.strictObject({ value: z.number().describe('The value.') }),
  create:
    ({ value }) =>
    () =>
      value,
});

const stepSchedule: AnyComponent = schedule('step', {
  help: 'Multiplied by a factor every so many epochs.',
  options: z.strictObject({
    value: z.number().describe('The value at the start.'),
    every: epochs.describe('Epochs between two changes.'),
    factor: z.number().default(0.1).describe('What the value is multiplied by at each change.'),
  }),
  create:
    ({ value, every, factor }) =>
    ({ step, stepsPerEpoch }) =>
      value * factor ** Math.floor(step / (every * stepsPerEpoch)),
});

const cosineSchedule: AnyComponent = schedule('cosine', {
  help: 'Falls along half a cosine (Loshchilov & Hutter 2017), after a linear warm-up where asked for.',
  options: z.strictObject({
    peak: z.number().describe('The highest value, at the start or at the end of the warm-up.'),
    warmup: z.number().min(0).default(0).describe('Epochs in which the value rises from near 0 to the peak.'),
    floor: z.number().default(0).describe('The value at the end of training.'),
  }),
  create:
    ({ peak, warmup, floor }) =>
    ({ step, steps, stepsPerEpoch }) => {
      const rising = Math.min(warmup * stepsPerEpoch, steps);
      // The first update of a warm-up already moves, so it is one step up.
      if (step < rising) return (peak * Math.min(rising, step + 1)) / rising;
      return cosine(peak, floor, steps > rising ? (step - rising) / (steps - rising) : 0);
    },
});

const linearSchedule: AnyComponent = schedule('linear', {
  help: 'From one value to another in a straight line, then constant.',
  options: z.strictObject({
    from: z.number().describe('The value at the start.'),
    to: z.number().describe('The value after `epochs`.'),
    epochs: epochs.optional().describe('How many epochs the way takes. Default: the whole training.'),
  }),
  create:
    ({ from, to, epochs: duration }) =>
    ({ step, steps, stepsPerEpoch }) =>
      from + (to - from) * Math.min(1, step / (duration === undefined ? steps : duration * stepsPerEpoch)),
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
  oneCycleSchedule,
];

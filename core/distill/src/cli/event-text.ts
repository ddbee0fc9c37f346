// A run's events in words: the same lines on a terminal and in a log.
import type { RunEvent } from '../contracts/index.js';
import { duration } from './duration.js';

type Of<E extends RunEvent['event']> = Extract<RunEvent, { event: E }>;

/** `epoch 3/10, loss 0.2134, 41,000 examples/s, 1 min 05 s left`. */
export function progressText(event: Of<'progress'>): string {
  const rate = Math.round(event.examplesPerSecond).toLocaleString('en');
  return `epoch ${Math.min(event.epoch + 1, event.epochs)}/${event.epochs}, loss ${event.loss.toPrecision(4)}, ${rate} examples/s, ${duration(event.secondsLeft)} left`;
}

/** `epoch 3/10: loss 0.2134, errors 310`. */
export function epochText(event: Of<'epoch'>): string {
  const metrics = Object.entries(event.metrics).map(
    ([name, value]) =>
      `${name} ${Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(4)}`,
  );
  return `epoch ${event.epoch}/${event.epochs}: ${metrics.join(', ')}`;
}

export function warningText(event: Of<'warning'>): string {
  return `warning[${event.code}]: ${event.message}${event.hint === undefined ? '' : `\n  help: ${event.hint}`}`;
}

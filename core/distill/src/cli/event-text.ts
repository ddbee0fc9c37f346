// A run's events in words: the same lines on a terminal and in a log.
import type { RunEvent } from '../contracts/index.js';
import { duration, percent } from '../text/quantities.js';

type Of<E extends RunEvent['event']> = Extract<RunEvent, { event: E }>;

/** `epoch 3/10, loss 0.2134, 41,000 examples/s, 1 min 05 s left`, or `25,600/60,000 examples, …` where there are no epochs. */
export function progressText(event: Of<'progress'>): string {
  const left = `${duration(event.secondsLeft)} left`;
  const count = (value: number) => Math.round(value).toLocaleString('en');
  const { done, total, unit, unitsPerSecond, figures, at } = event;
  const where = at
    ? `epoch ${Math.min(at.epoch + 1, at.epochs)}/${at.epochs}`
    : `${count(done)}/${count(total)} ${unit}`;
  const numbers = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  // Runs take minutes: what is left says more than how many a second.
  const speed = unit === 'runs' ? [] : [`${count(unitsPerSecond)} ${unit}/s`];
  return [where, ...numbers, ...speed, left].join(', ');
}

/** `epoch 3/10: loss 0.2134, errors 310, waited for data 3 %`; without the rate, and without a loss that is the only one. */
export function epochText(event: Of<'epoch'>): string {
  const names = Object.keys(event.metrics);
  const only = names.filter((name) => name.startsWith('loss.')).length === 1;
  const metrics = Object.entries(event.metrics)
    .filter(([name]) => name !== 'rate' && !(only && name.startsWith('loss.')))
    .map(
      ([name, value]) =>
        `${name} ${Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(4)}`,
    );
  const waited = event.waited === undefined ? [] : [`waited for data ${percent(event.waited, 0)}`];
  return `epoch ${event.epoch}/${event.epochs}: ${[...metrics, ...waited].join(', ')}`;
}

export function warningText(event: Of<'warning'>): string {
  return `warning[${event.code}]: ${event.message}${event.hint === undefined ? '' : `\n  help: ${event.hint}`}`;
}

// A run's events in words: the same lines on a terminal and in a log.
import type { RunEvent } from '../contracts/index.js';
import { duration } from '../text/quantities.js';

type Of<E extends RunEvent['event']> = Extract<RunEvent, { event: E }>;

/** `epoch 3/10, loss 0.2134, 41,000 examples/s, 1 min 05 s left`; labelling has batches and no loss. */
export function progressText(event: Of<'progress'>): string {
  const { epoch, epochs, step, steps, loss } = event;
  const labelling = event.stage.split('/').at(-1) === 'label';
  const done = labelling
    ? `batch ${step}/${steps}`
    : `epoch ${Math.min(epoch + 1, epochs)}/${epochs}, loss ${loss.toPrecision(4)}`;
  const rate = Math.round(event.examplesPerSecond).toLocaleString('en');
  return `${done}, ${rate} examples/s, ${duration(event.secondsLeft)} left`;
}

/** `epoch 3/10: loss 0.2134, errors 310`; without the rate, and without a loss that is the only one. */
export function epochText(event: Of<'epoch'>): string {
  const names = Object.keys(event.metrics);
  const only = names.filter((name) => name.startsWith('loss.')).length === 1;
  const metrics = Object.entries(event.metrics)
    .filter(([name]) => name !== 'rate' && !(only && name.startsWith('loss.')))
    .map(
      ([name, value]) =>
        `${name} ${Number.isInteger(value) ? value.toLocaleString('en') : value.toPrecision(4)}`,
    );
  return `epoch ${event.epoch}/${event.epochs}: ${metrics.join(', ')}`;
}

export function warningText(event: Of<'warning'>): string {
  return `warning[${event.code}]: ${event.message}${event.hint === undefined ? '' : `\n  help: ${event.hint}`}`;
}

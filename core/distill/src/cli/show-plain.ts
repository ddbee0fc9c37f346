// Progress where the output is no terminal: one line a stage, an epoch, and now and then in between.
import type { ProgressSink, RunEvent } from '../contracts/index.js';
import { epochText, progressText, warningText } from './event-text.js';

/** Long epochs are reported in between, at most this often. */
const every = 10_000;

/** `write` gets whole lines; `now` in milliseconds. */
export function plainProgress(write: (line: string) => void, now: () => number): ProgressSink {
  let last = -Infinity;
  return {
    emit(event: RunEvent) {
      switch (event.event) {
        case 'stage':
          last = now();
          write(
            event.state === 'start'
              ? `== ${event.stage}${event.detail === undefined ? '' : `: ${event.detail}`}`
              : `   ${event.stage} done${event.detail === undefined ? '' : `: ${event.detail}`}`,
          );
          break;
        case 'progress':
          if (now() - last < every) break;
          last = now();
          write(`   ${progressText(event)}`);
          break;
        case 'epoch':
          last = now();
          write(`   ${epochText(event)}`);
          break;
        case 'warning':
          write(warningText(event));
          break;
        case 'run':
          event.notes.forEach(write);
          break;
        case 'done':
          break;
      }
    },
  };
}

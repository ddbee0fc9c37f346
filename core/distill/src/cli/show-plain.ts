// Progress where the output is not a terminal: a line for each stage and epoch, and some in between.
import type { ProgressSink, RunEvent } from '../contracts/index.js';
import { epochText, progressText, warningText } from './event-text.js';

/** Least time between two lines within a stage, in milliseconds. */
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

// Events of one run of a series as the series tells them.
import type { ProgressSink } from '../../contracts/index.js';

/** Stages are called `<run>/<stage>`, and where the run lies and how it ends is told by the series. */
export function runEvents(sink: ProgressSink, run: string): ProgressSink {
  return {
    emit(event) {
      if (event.event === 'done' || event.event === 'run') return;
      if (event.event === 'warning') sink.emit({ ...event, message: `${run}: ${event.message}` });
      else sink.emit({ ...event, stage: `${run}/${event.stage}` });
    },
  };
}

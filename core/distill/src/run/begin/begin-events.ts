// Events of a run that another begins from, as the other tells them.
import type { ProgressSink } from '../../contracts/index.js';

/** Its stages are called `begin/<stage>`, and its training `begin`. */
export function beginEvents(sink: ProgressSink): ProgressSink {
  const rename = (stage: string) => (stage === 'student' ? 'begin' : `begin/${stage}`);
  return {
    emit(event) {
      if (event.event === 'done' || event.event === 'run') return;
      if (event.event === 'warning') sink.emit({ ...event, message: `begin: ${event.message}` });
      else sink.emit({ ...event, stage: rename(event.stage) });
    },
  };
}

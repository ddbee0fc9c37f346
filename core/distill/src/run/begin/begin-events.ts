// Events of a run that another begins from, as the other tells them.
import type { ProgressSink } from '../../contracts/index.js';

/** Its stages are called `begin/<stage>`, and its training `begin`. */
export function beginEvents(sink: ProgressSink): ProgressSink {
  return renamed(sink, 'begin', (stage) => (stage === 'student' ? 'begin' : `begin/${stage}`));
}

/** Of a stage of the same recipe: they are called `<stage>/<stage of the run>`. `names` are those of all stages up to it. */
export function stageEvents(sink: ProgressSink, names: readonly string[]): ProgressSink {
  const name = names.at(-1) ?? '';
  const isNamed = (stage: string) => names.some((each) => stage.startsWith(`${each}/`));
  return renamed(sink, name, (stage) => (isNamed(stage) ? stage : `${name}/${stage}`));
}

function renamed(sink: ProgressSink, name: string, rename: (stage: string) => string): ProgressSink {
  return {
    emit(event) {
      if (event.event === 'done' || event.event === 'run') return;
      if (event.event === 'warning') sink.emit({ ...event, message: `${name}: ${event.message}` });
      else sink.emit({ ...event, stage: rename(event.stage) });
    },
  };
}

// Progress on a terminal: a list of stages with the current one's numbers beside it (listr2).
import { Listr, type ListrTaskWrapper, type DefaultRenderer, type SimpleRenderer } from 'listr2';
import type { ProgressSink, RunEvent } from '../contracts/index.js';
import { epochText, progressText, warningText } from './event-text.js';

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

interface Running {
  readonly title: string;
  readonly shown: Promise<unknown>;
  task: Task | undefined;
  end(): void;
}

export interface TaskProgress extends ProgressSink {
  /** Ends the list where it stands, so that what is printed next is not overwritten. */
  close(): Promise<void>;
}

/** Stages may nest (a teacher's own run within a run): the innermost is shown running. */
export function taskProgress(write: (line: string) => void): TaskProgress {
  const stack: Running[] = [];
  let queue: Promise<unknown> = Promise.resolve();
  const held: string[] = [];

  function begin(title: string): Running {
    let end: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (end = resolve));
    const running: Running = {
      title,
      task: undefined,

      end,
      shown: queue.then(async () => {
        await new Listr(
          [
            {
              title,
              task: async (_, task): Promise<void> => {
                running.task = task;
                await finished;
              },
            },
          ],
          { rendererOptions: { timer: { condition: true, field: (ms) => `${(ms / 1000).toFixed(1)} s` } } },
        ).run();
        for (const line of held.splice(0)) write(line);
      }),
    };
    queue = running.shown;
    return running;
  }

  return {
    emit(event: RunEvent) {
      const current = stack.at(-1);
      switch (event.event) {
        case 'stage':
          if (event.state === 'start') {
            // An outer stage gives its line up while an inner one is shown.
            current?.end();
            stack.push(begin(event.detail === undefined ? event.stage : `${event.stage}: ${event.detail}`));
          } else {
            const ended = stack.pop();
            if (ended?.task && event.detail !== undefined)
              ended.task.title = `${ended.title}: ${event.detail}`;
            ended?.end();
          }
          break;
        case 'progress':
          if (current?.task) current.task.title = `${current.title}: ${progressText(event)}`;
          break;
        case 'epoch':
          if (current?.task) current.task.title = `${current.title}: ${epochText(event)}`;
          break;
        case 'warning':
          // Printed between two stages: a line in mid-list would be overwritten.
          if (stack.length > 0) held.push(warningText(event));
          else write(warningText(event));
          break;
        case 'done':
          break;
      }
    },
    async close() {
      for (const running of stack.splice(0)) running.end();
      await queue;
      for (const line of held.splice(0)) write(line);
    },
  };
}

// Progress on a terminal: a line for each stage, with the numbers of the current one beside it (listr2).
import {
  Listr,
  PRESET_TIMER,
  type DefaultRenderer,
  type ListrTaskWrapper,
  type SimpleRenderer,
} from 'listr2';
import type { ProgressSink, RunEvent } from '../contracts/index.js';
import { duration } from '../text/quantities.js';
import { visibleLine } from '../text/visible.js';
import { epochText, progressText, warningText } from './event-text.js';

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** A line on the screen, from the start of its stage until the stage ends or a stage within it starts. */
interface Line {
  show(title: string): void;
  end(ok: boolean): void;
}

/** Marks a line as failed. The run's own error says what went wrong. */
const failed = new Error('internal: a stage failed');

interface Stage {
  readonly title: string;
  /** Results of the last epoch; the line ends with them. */
  epoch: string | undefined;
}

export interface TaskProgress extends ProgressSink {
  /** Shows a text beside the current stage until it ends. */
  readonly say: (text: string) => void;
  /** Ends the list, so that what is printed next is not overwritten. `ok` is false when the stage failed. */
  close(ok: boolean): Promise<void>;
}

/** `write` gets whole lines between two stages; `now` is in milliseconds. Stages may nest; the innermost is shown. */
export function taskProgress(write: (line: string) => void, now: () => number): TaskProgress {
  const stack: Stage[] = [];
  const held: string[] = [];
  let queue: Promise<void> = Promise.resolve();
  let line: Line | undefined;
  let said: string | undefined;

  function begin(first: string): Line {
    // listr2 writes to the terminal itself, so its lines are made visible here.
    let title = visibleLine(first);
    let task: Task | undefined;
    // Timed here: listr2 starts its timer only once its modules are loaded, which a busy stage delays.
    const begun = now();
    let took: number | undefined;
    let end: (ok: boolean) => void = () => undefined;
    const ended = new Promise<boolean>((resolve) => (end = resolve));
    queue = queue.then(async () => {
      const list = new Listr(
        {
          title,
          task: async (_, running): Promise<void> => {
            task = running;
            task.title = title;
            if (!(await ended)) throw failed;
          },
        },
        {
          // Its own Ctrl-C handler would end the process without a checkpoint.
          registerSignalListeners: false,
          rendererOptions: {
            showErrorMessage: false,
            timer: { ...PRESET_TIMER, field: () => duration((took ?? now() - begun) / 1000) },
          },
        },
      );
      await list.run().catch((error: unknown) => {
        if (error !== failed) throw error;
      });
      for (const text of held.splice(0)) write(text);
    });
    return {
      show(text) {
        title = visibleLine(text);
        if (task) task.title = title;
      },
      end(ok) {
        took = now() - begun;
        end(ok);
      },
    };
  }

  const show = ({ title }: Stage, words: string | undefined) =>
    line?.show(words === undefined ? title : `${title}: ${words}`);

  function start(title: string): void {
    line?.end(true);
    stack.push({ title, epoch: undefined });
    line = begin(title);
  }

  function finish(detail: string | undefined): void {
    const stage = stack.pop();
    if (stage) show(stage, detail ?? stage.epoch);
    line?.end(true);
    said = undefined;
    const outer = stack.at(-1);
    line = outer && begin(outer.title);
  }

  return {
    emit(event: RunEvent) {
      const stage = stack.at(-1);
      switch (event.event) {
        case 'stage':
          if (event.state === 'start')
            start(event.detail === undefined ? event.stage : `${event.stage}: ${event.detail}`);
          else finish(event.detail);
          break;
        case 'progress':
          if (stage && said === undefined) show(stage, progressText(event));
          break;
        case 'epoch':
          if (stage) stage.epoch = epochText(event);
          break;
        case 'warning':
          // Held until the stage ends: a line printed during it would be overwritten.
          held.push(warningText(event));
          if (stack.length === 0) queue = queue.then(() => held.splice(0).forEach(write));
          break;
        case 'run':
          queue = queue.then(() => event.notes.forEach(write));
          break;
        case 'done':
          break;
      }
    },
    say(text) {
      said = text;
      const stage = stack.at(-1);
      if (stage) show(stage, text);
      else queue = queue.then(() => write(text));
    },
    async close(ok) {
      stack.length = 0;
      line?.end(ok);
      line = undefined;
      await queue;
      held.splice(0).forEach(write);
    },
  };
}

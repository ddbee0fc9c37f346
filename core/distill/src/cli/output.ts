// Where a command prints. Results go to stdout; progress and errors to stderr, so that stdout can be piped.
import { visible } from '../text/visible.js';

export interface Output {
  /** One or more whole lines of result. */
  readonly print: (text: string) => void;
  /** One or more whole lines beside the result: progress, warnings, errors. */
  readonly note: (text: string) => void;
  /** Like `note`, for text whose own colours are to act: `formatErrors` has made the rest of it visible. */
  readonly styled: (text: string) => void;
  /** Whether both go to a terminal that can redraw lines. */
  readonly terminal: boolean;
  /** Whether errors are shown in colours. */
  readonly color: boolean;
  /** Columns for errors: those of the terminal, 100 at most. */
  readonly width: number;
  /** Aborts when nobody reads the output any longer, as in `potstill list | head -1`; long work is to stop then. */
  readonly unread: AbortSignal;
}

/**
 * The process's own output. From here on a reader that goes away (EPIPE, or EIO of a terminal that was closed) ends no
 * process by an exception: `unread` tells of it, and what is printed after it is lost.
 */
export function processOutput(
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
): Output {
  const unread = new AbortController();
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      unread.abort();
    });
  const write = (stream: NodeJS.WriteStream, text: string) => {
    if (stream.writable) stream.write(`${text}\n`);
  };
  // NO_COLOR: see no-color.org.
  const { TERM, CI, NO_COLOR = '' } = process.env;
  const able = TERM !== 'dumb' && CI === undefined;
  return {
    // Names in recipes, files and plugins come from anywhere and must not steer the terminal.
    print: (text) => write(stdout, visible(text)),
    note: (text) => write(stderr, visible(text)),
    styled: (text) => write(stderr, text),
    terminal: able && isTerminal(stdout) && isTerminal(stderr),
    color: able && isTerminal(stderr) && NO_COLOR === '',
    // Where there is no terminal there are no columns, and some terminals tell 0.
    width: Math.min(stderr.columns || 100, 100),
    unread: unread.signal,
  };
}

/** `isTTY` is typed as a boolean, and missing where there is no terminal. */
function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}

// Where a command prints. Results go to stdout; progress and errors to stderr, so that stdout can be piped.

export interface Output {
  /** One or more whole lines of result. */
  readonly print: (text: string) => void;
  /** One or more whole lines beside the result: progress, warnings, errors. */
  readonly note: (text: string) => void;
  /** Whether both go to a terminal that can redraw lines. */
  readonly terminal: boolean;
  /** Whether errors are shown in colours. */
  readonly color: boolean;
  /** Aborts when nobody reads the output any longer, as in `potstill list | head -1`; long work is to stop then. */
  readonly unread: AbortSignal;
}

/**
 * The process's own output. From here on a reader that goes away (EPIPE, or EIO of a terminal that was closed) ends no
 * process by an exception: `unread` tells of it, and what is printed after it is lost.
 */
export function processOutput(): Output {
  const unread = new AbortController();
  for (const stream of [process.stdout, process.stderr])
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
    print: (text) => write(process.stdout, text),
    note: (text) => write(process.stderr, text),
    terminal: able && isTerminal(process.stdout) && isTerminal(process.stderr),
    color: able && isTerminal(process.stderr) && NO_COLOR === '',
    unread: unread.signal,
  };
}

/** `isTTY` is typed as a boolean, and missing where there is no terminal. */
function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true;
}

// Where a command prints. Results go to stdout; progress and errors to stderr, so that stdout can be piped.

export interface Output {
  /** One or more whole lines of result. */
  print(text: string): void;
  /** One or more whole lines beside the result: progress, warnings, errors. */
  note(text: string): void;
  /** Whether notes go to a terminal that can redraw and colour. */
  readonly terminal: boolean;
}

export const processOutput: Output = {
  print: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
  terminal: process.stderr.isTTY && process.env.TERM !== 'dumb' && process.env.CI === undefined,
};

/** The NO_COLOR convention (no-color.org), and no colour where no terminal is. */
export function useColor(output: Output): boolean {
  return output.terminal && (process.env.NO_COLOR ?? '') === '';
}

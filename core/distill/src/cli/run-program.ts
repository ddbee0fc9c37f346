// Runs a command line to an exit code; the one place where errors leave the program.
import { CommanderError, type Command } from 'commander';
import { exitCodes } from '../errors/codes.js';
import { errorJson, formatErrors } from '../errors/format.js';
import { PotstillError } from '../errors/potstill-error.js';
import { exitCodeOfError } from '../errors/records.js';
import type { Output } from './output.js';

/**
 * `build` makes the commander program. Errors go to stderr as text, with `--json` to stdout as one line.
 * Exit codes: 0 done, 1 the run failed, 2 the user's input, 3 a plugin, 70 a bug, 130 interrupted.
 */
export async function runProgram(
  build: (output: Output) => Command,
  words: readonly string[],
  output: Output,
): Promise<number> {
  try {
    await build(output).parseAsync(words, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CommanderError)) return tellError(error, words, output);
    // --help, --version and `help` end here too, with 0.
    if (error.exitCode === 0) return exitCodes.ok;
    // Without a command the help is what is printed.
    if (error.code === 'commander.help') return exitCodes.user;
    return tellError(usageError(error), words, output);
  }
}

/** Prints any thrown value, and gives the exit code that goes with it. */
export function tellError(error: unknown, words: readonly string[], output: Output): number {
  if (wantsJson(words)) output.print(JSON.stringify(errorJson(error)));
  else output.styled(formatErrors(error, { color: output.color, width: output.width }));
  return exitCodeOfError(error);
}

/** Asked of the words themselves: a command line that was not understood has no options. */
function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes('--json');
}

/** Commander's words, `error: unknown command 'rn'` and perhaps `(Did you mean run?)`, as an error of ours. */
function usageError({ message }: CommanderError): PotstillError {
  const [first = '', ...rest] = message.split('\n');
  const meant = /\((Did you mean .*)\)/.exec(rest.join(' '))?.[1];
  return new PotstillError({
    code: 'USAGE',
    message: first.replace(/^error: /, ''),
    hint: meant?.replace(/^Did/, 'did') ?? '`potstill --help` shows examples',
  });
}

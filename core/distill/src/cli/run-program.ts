// Runs a command line to an exit code; the one place where errors leave the program.
import { CommanderError, type Command } from 'commander';
import { exitCodes } from '../errors/codes.js';
import { errorJson, formatErrors } from '../errors/format.js';
import { exitCodeOfError } from '../errors/records.js';
import { processOutput, useColor, type Output } from './output.js';

/**
 * `build` makes the commander program. Errors go to stderr as text, with `--json` to stdout as one line.
 * Exit codes: 0 done, 1 the run failed, 2 the user's input, 3 a plugin, 70 a bug, 130 interrupted.
 */
export async function runProgram(
  build: (output: Output) => Command,
  words: readonly string[],
  output: Output = processOutput,
): Promise<number> {
  try {
    await build(output).parseAsync(words, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    // Commander has printed its own message; --help and --version end here too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.user;
    if (words.includes('--json')) output.print(JSON.stringify(errorJson(error)));
    else output.note(formatErrors(error, { color: useColor(output) }));
    return exitCodeOfError(error);
  }
}

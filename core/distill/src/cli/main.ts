// The `potstill` command.
import { exitCodes } from '../errors/codes.js';
import { processOutput } from './output.js';
import { program } from './program.js';
import { runProgram, tellError } from './run-program.js';

const words = process.argv.slice(2);
const output = processOutput();

/** What no one awaited is told like any other error, rather than by Node's own trace and exit code 1. */
function crash(error: unknown): never {
  process.exit(tellError(error, words, output));
}
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

process.exitCode = await runProgram(program, words, output);
// Work that an interrupt left to itself must not keep the process.
if (process.exitCode === exitCodes.interrupted) process.exit();

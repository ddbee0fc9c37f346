#!/usr/bin/env node
// The `potstill` command.
import { program } from './program.js';
import { runProgram } from './run-program.js';

process.exitCode = await runProgram(program, process.argv.slice(2));

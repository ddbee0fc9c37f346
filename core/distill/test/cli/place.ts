// A folder with recipes for the command line, and a command line that collects what it prints.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Output } from '../../src/cli/output.js';
import { program } from '../../src/cli/program.js';
import { runProgram } from '../../src/cli/run-program.js';
import { studentYaml, teacherYaml } from '../run/tiny.js';

export const pluginFile = fileURLToPath(new URL('plugin.ts', import.meta.url));

export interface Collected {
  readonly code: number;
  /** Lines of stdout. */
  readonly out: string[];
  /** Lines of stderr. */
  readonly err: string[];
}

interface How {
  readonly unread?: AbortSignal;
  /** Told of each piece of stdout. */
  readonly onPrint?: (text: string) => void;
  /** Makes the commander program. */
  readonly build?: typeof program;
}

/** Runs a command line in this process. */
export async function potstill(words: readonly string[], options: How = {}): Promise<Collected> {
  const out: string[] = [];
  const err: string[] = [];
  const output: Output = {
    print(text) {
      out.push(...text.split('\n'));
      options.onPrint?.(text);
    },
    note: (text) => err.push(...text.split('\n')),
    styled: (text) => err.push(...text.split('\n')),
    terminal: false,
    color: false,
    width: 100,
    unread: options.unread ?? new AbortController().signal,
  };
  return { code: await runProgram(options.build ?? program, words, output), out, err };
}

/** A new folder with `teacher.yaml`, `student.yaml` and `quick.yaml`, a student with a teacher that needs no training. */
export async function makePlace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'potstill-cli-'));
  const write = (name: string, text: string) =>
    writeFile(join(folder, name), text.replace('[tiny]', JSON.stringify([pluginFile])));
  await write('teacher.yaml', teacherYaml);
  await write('student.yaml', studentYaml);
  await write('quick.yaml', studentYaml.replace('{ recipe: ./teacher.yaml }', 'tiny/teacher'));
  return folder;
}

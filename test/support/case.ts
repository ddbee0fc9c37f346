// A case: a folder with a `case.yaml` that says what to run there and what must come of it.
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { bin, run, type Ended } from './processes.js';

const patterns = z.array(z.string()).default([]);

const stepSchema = z.strictObject({
  /** Words of the command after `potstill`, or one line without quotes. */
  potstill: z.union([z.string().transform((line) => line.split(' ')), z.array(z.string())]),
  /** Expected exit code. */
  exit: z.int().default(0),
  /** Regular expressions that what the command printed must match, and must not. Flags: multi-line. */
  prints: patterns,
  never: patterns,
  /** Lowest and highest value of figures in the new run's summary.json, by dotted path. */
  summary: z.record(z.string(), z.tuple([z.number(), z.number()])).default({}),
  /** Limits of time and of memory (resident, millions of bytes). */
  seconds: z.number().default(60),
  megabytes: z.number().default(2000),
});

const caseSchema = z.strictObject({
  /** What must hold, as a sentence. */
  title: z.string(),
  /** Scripts that make further files, run in a copy of the folder; paths start from the case's folder. */
  make: z.array(z.union([z.string(), z.array(z.string())])).default([]),
  steps: z.array(stepSchema).min(1),
});

export type Step = z.output<typeof stepSchema>;
export type Case = z.output<typeof caseSchema> & { readonly folder: string };

/** All cases in a folder and below, or the one that it is itself. */
export async function readCases(folder: string): Promise<readonly Case[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    /(^|[\\/])case\.yaml$/.test(name),
  );
  return Promise.all(
    names.sort().map(async (name) => ({
      ...caseSchema.parse(parse(await readFile(join(folder, name), 'utf8'))),
      folder: resolve(folder, name, '..'),
    })),
  );
}

/** Runs a case in a copy of its folder. All that is not as it should be, a line each. */
export async function runCase({ folder, make, steps }: Case): Promise<string[]> {
  const place = await mkdtemp(join(tmpdir(), 'potstill-case-'));
  try {
    await cp(folder, place, { recursive: true });
    for (const line of make) {
      const [script = '', ...words] = [line].flat();
      const { code, err } = await run(process.execPath, [resolve(folder, script), ...words], { cwd: place });
      if (code !== 0) throw new Error(`${script} ended with ${code}:\n${err}`);
    }
    const faults: string[] = [];
    for (const step of steps) faults.push(...(await runStep(step, place)));
    return faults;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function runStep(step: Step, place: string): Promise<string[]> {
  const memoryFile = join(place, '.memory');
  const reporter = pathToFileURL(resolve(import.meta.dirname, 'report-memory.mjs')).href;
  const started = Date.now();
  const ended = await run(process.execPath, ['--import', reporter, bin, ...step.potstill], {
    cwd: place,
    env: { POTSTILL_CASE_MEMORY: memoryFile },
    timeout: step.seconds * 1000,
  });
  const faults = [...check(step, ended), ...(await checkSummary(step, place))];
  const seconds = (Date.now() - started) / 1000;
  if (seconds > step.seconds)
    faults.push(`took ${seconds.toFixed(0)} s, at most ${step.seconds} s are allowed`);
  else {
    const megabytes = Number(await readFile(memoryFile, 'utf8').catch(() => NaN)) / 1e6;
    if (!(megabytes <= step.megabytes))
      faults.push(`used ${megabytes.toFixed(0)} MB, at most ${step.megabytes} MB are allowed`);
  }
  return faults.map((fault) => `potstill ${step.potstill.join(' ')}: ${fault}`);
}

function check({ exit, prints, never }: Step, { code, out, err }: Ended): string[] {
  const printed = `${out}${err}`;
  const faults = [
    ...(code === exit ? [] : [`ended with ${code ?? 'a signal'}, not ${exit}`]),
    ...prints
      .filter((each) => !new RegExp(each, 'm').test(printed))
      .map((each) => `does not print /${each}/`),
    ...never.filter((each) => new RegExp(each, 'm').test(printed)).map((each) => `prints /${each}/`),
  ];
  return faults.length === 0 ? [] : [...faults, `it printed:\n${printed.slice(-3000)}`];
}

async function checkSummary({ summary }: Step, place: string): Promise<string[]> {
  if (Object.keys(summary).length === 0) return [];
  const runs = join(place, 'runs');
  const [latest] = (await readdir(runs, { recursive: true }).catch(() => []))
    .filter((name) => name.endsWith('summary.json'))
    .sort();
  if (latest === undefined) return ['left no summary.json'];
  const figures: unknown = JSON.parse(await readFile(join(runs, latest), 'utf8'));
  return Object.entries(summary).flatMap(([path, [from, to]]) => {
    const value = path
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], figures);
    return typeof value === 'number' && value >= from && value <= to
      ? []
      : [`${path} of summary.json is ${String(value)}, not from ${from} to ${to}`];
  });
}

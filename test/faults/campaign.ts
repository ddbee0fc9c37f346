// Damages single files of run folders, uses the folders, and holds what comes out against the undamaged result.
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { exitCodeOfError, recordsOf, type RunEvent } from 'potstill';
import { evaluateRecipe } from '../../core/distill/src/run/evaluate-recipe.js';
import { exportRecipe } from '../../core/distill/src/run/export-recipe.js';
import { verifyRun } from '../../core/distill/src/run/verify.js';
import { Workplace } from '../../core/distill/test/run/tiny.js';
import { damage, draws, kinds, pick, type Draw, type Kind } from './damages.js';

/** What is done with a folder after the damage. */
const uses = {
  finished: ['resume', 'evaluate', 'export', 'teacher', 'checkpoint', 'verify'],
  interrupted: ['resume', 'verify'],
} as const;
type State = keyof typeof uses;
type Use = (typeof uses)[State][number];

/**
 * `named`: an error of exit code 2. `restored`: the result is right and the file as it was. `harmless`: the result is
 * right. `wrong`: another result, and no error. `crash`: any other exit code. `false hint`: the hint was followed, and
 * the result did not come.
 */
export type Outcome = 'named' | 'restored' | 'harmless' | 'wrong' | 'crash' | 'false hint';

export interface Trial {
  readonly state: State;
  readonly use: Use;
  readonly file: string;
  readonly kind: Kind;
  readonly detail: string;
  readonly outcome: Outcome;
  readonly message?: string;
}

export interface CampaignOptions {
  readonly count: number;
  readonly seed: number;
  readonly onTrial?: (trial: Trial) => void;
}

const short = ['train.epochs=2', 'preflight.sample=32'];

/** Files that nothing is computed from, that may be missing, or that `verify` cannot know of in an unfinished run. */
const logs = ['events.jsonl', 'run.log'];
const dispensable = ['timings.json', 'last.safetensors', 'summary.json'];
const unrecorded = ['metrics.jsonl', 'recipe.yaml', 'teacher.yaml'];

/** Mostly files of the folder that the use opens; now and then any. */
function relevant(files: readonly string[], use: Use, draw: Draw): readonly string[] {
  const opened = use === 'teacher' ? 'tiny-teacher' : 'tiny-student';
  return draw() < 0.2 ? files : files.filter((file) => file.startsWith(opened));
}

class Campaign {
  private readonly expected = new Map<string, string>();

  private constructor(
    private readonly place: Workplace,
    private readonly pristine: string,
    private readonly student: string,
  ) {}

  /** Makes a finished run of a student and its teacher, and one interrupted in the student's second epoch. */
  static async make(): Promise<Campaign> {
    const place = await Workplace.make();
    const pristine = join(place.folder, 'pristine');
    await mkdir(pristine);
    const { runFolder } = await place.run('student.yaml', { set: short });
    await cp(place.runs, join(pristine, 'finished'), { recursive: true });
    await rm(place.runs, { recursive: true });
    const controller = new AbortController();
    const emit = (event: RunEvent) => {
      if (event.event === 'epoch' && event.stage === 'student') controller.abort();
    };
    await place
      .run('student.yaml', { set: short, signal: controller.signal, services: { progress: { emit } } })
      .catch((error: unknown) => {
        if (exitCodeOfError(error) !== 130) throw error;
      });
    await cp(place.runs, join(pristine, 'interrupted'), { recursive: true });
    return new Campaign(place, pristine, basename(runFolder));
  }

  async trial(draw: Draw): Promise<Trial> {
    const state = pick(draw, ['finished', 'finished', 'interrupted'] as const);
    const use: Use = pick<Use>(draw, uses[state]);
    const kind = pick(draw, kinds);
    const wanted = await this.expect(state, use);
    await this.restore(state);
    const file = pick(draw, relevant(await this.files(), use, draw));
    const path = join(this.place.runs, file);
    const before = await readFile(path);
    const detail = await damage(path, kind, draw);
    const tried = { state, use, file, kind, detail };
    if (use === 'verify') return { ...tried, ...(await this.verified(file, kind, state)) };
    try {
      const result = await this.use(use);
      if (result !== wanted) return { ...tried, outcome: 'wrong', message: result };
      const after = await readFile(path).catch(() => undefined);
      return { ...tried, outcome: after?.equals(before) ? 'restored' : 'harmless' };
    } catch (error) {
      const { message, hint = '' } = recordsOf(error)[0];
      if (exitCodeOfError(error) !== 2) return { ...tried, outcome: 'crash', message };
      const failed = await this.follow(hint, path, state);
      return failed === undefined
        ? { ...tried, outcome: 'named', message }
        : { ...tried, outcome: 'false hint', message: `${message}\n${hint}\n${failed}` };
    }
  }

  /** Does as the hint says; undefined when the result of the run is then as it was without damage. */
  private async follow(hint: string, path: string, state: State): Promise<string | undefined> {
    const wanted = this.expected.get(`${state} resume`);
    if (hint.includes('emove the file')) await rm(path, { force: true });
    try {
      const teacher = path.includes('tiny-teacher');
      // The hint speaks of the recipe of the run that the file belongs to.
      if (teacher) await this.place.run('teacher.yaml', { resume: true });
      const result = await this.resume();
      return result === wanted ? undefined : `another result: ${result}`;
    } catch (error) {
      return String(error);
    }
  }

  private async expect(state: State, use: Use): Promise<string> {
    for (const each of new Set<Use>(['resume', use])) {
      const key = `${state} ${each}`;
      if (this.expected.has(key)) continue;
      await this.restore(state);
      this.expected.set(key, await this.use(each));
    }
    return this.expected.get(`${state} ${use}`) ?? '';
  }

  private async restore(state: State): Promise<void> {
    await rm(this.place.runs, { recursive: true, force: true });
    await cp(join(this.pristine, state), this.place.runs, { recursive: true });
  }

  /** Of all run folders, relative to the folder of all runs. */
  private async files(): Promise<string[]> {
    const found = await readdir(this.place.runs, { recursive: true, withFileTypes: true });
    return found
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.place.runs, join(entry.parentPath, entry.name)))
      .filter((file) => file.startsWith('tiny-'))
      .sort();
  }

  /** What a use gives, as text that is the same for the same result. */
  private async use(use: Use): Promise<string> {
    const { place } = this;
    const runFolder = join(place.runs, this.student);
    const teacher = `{ use: checkpoint, run: ${JSON.stringify(runFolder)} }`;
    switch (use) {
      case 'resume':
        return this.resume();
      case 'evaluate': {
        const { figures } = await evaluateRecipe(await place.open('student.yaml', ...short), { runFolder });
        return JSON.stringify(figures);
      }
      case 'export': {
        const to = join(place.folder, 'out');
        const { exports } = await exportRecipe(await place.open('student.yaml', ...short), { runFolder, to });
        return JSON.stringify(exports.map(({ sha256 }) => sha256));
      }
      case 'teacher': {
        const set = [...short, 'train.epochs=1', 'train.seed=7', 'baseline=false'];
        return this.result(await place.run('student.yaml', { set }));
      }
      case 'checkpoint': {
        const set = [...short, 'train.epochs=1', `teacher=${teacher}`, 'baseline=false'];
        return this.result(await place.run('student.yaml', { set }));
      }
      case 'verify':
        return '';
    }
  }

  private async resume(): Promise<string> {
    return this.result(await this.place.run('student.yaml', { set: short, resume: true }));
  }

  private async result({ runFolder, summary }: Awaited<ReturnType<Workplace['run']>>): Promise<string> {
    const hashes = await Promise.all(
      ['student.safetensors', ...summary.exports.map(({ path }) => path)].map(async (file) =>
        createHash('sha256')
          .update(await readFile(join(runFolder, file)))
          .digest('hex'),
      ),
    );
    const metrics = [summary.teacher, summary.baseline, summary.student].map((model) => model?.figures);
    return JSON.stringify([hashes, metrics]);
  }

  private async verified(
    file: string,
    kind: Kind,
    state: State,
  ): Promise<{ outcome: Outcome; message?: string }> {
    const [folder = '', ...rest] = file.split('/');
    const name = rest.join('/');
    try {
      const found = (await verifyRun(join(this.place.runs, folder))).find((each) => each.file === name);
      if (found?.state === 'damaged' || found?.state === 'missing') return { outcome: 'named' };
      const last = basename(name);
      const complete = state === 'finished' || folder.startsWith('tiny-teacher');
      const harmless =
        logs.includes(last) ||
        (kind === 'remove' && dispensable.includes(last)) ||
        (!complete && (unrecorded.includes(last) || kind === 'remove'));
      return { outcome: harmless ? 'harmless' : 'wrong', message: found?.state ?? 'not listed' };
    } catch (error) {
      return { outcome: exitCodeOfError(error) === 2 ? 'named' : 'crash', message: String(error) };
    }
  }

  async dispose(): Promise<void> {
    await rm(this.place.folder, { recursive: true, force: true });
  }
}

/** Does `count` trials, each on a fresh copy of the folders. */
export async function campaign({ count, seed, onTrial }: CampaignOptions): Promise<readonly Trial[]> {
  const made = await Campaign.make();
  const draw = draws(seed);
  const trials: Trial[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const trial = await made.trial(draw);
      trials.push(trial);
      onTrial?.(trial);
    }
    return trials;
  } finally {
    await made.dispose();
  }
}

const outcomes: readonly Outcome[] = ['named', 'restored', 'harmless', 'wrong', 'crash', 'false hint'];
export const bad: readonly Outcome[] = ['wrong', 'crash', 'false hint'];

/** A table: what was done, and how often it came out how. */
export function table(trials: readonly Trial[]): string {
  const rows = new Map<string, Map<Outcome, number>>();
  for (const { use, kind, outcome } of trials)
    for (const row of [use, kind, 'all']) {
      const counts = rows.get(row) ?? new Map<Outcome, number>();
      rows.set(row, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
    }
  const order = [...uses.finished, ...kinds, 'all'].filter((row) => rows.has(row));
  const lines = [
    ['', ...outcomes],
    ...order.map((row) => [row, ...outcomes.map((each) => String(rows.get(row)?.get(each) ?? 0))]),
  ];
  return lines
    .map((cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(11))).join(''))
    .join('\n');
}

// The folder of one run: which it is, what in it is done, and its small files.
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DataDescription } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { makeFolder, writeAtomically, writeFailed } from '../files/write-atomically.js';

/** What a run is of. Written first, so that a resumed run knows its own. */
export interface RunIdentity {
  readonly name: string;
  /** Of all that decides the result. */
  readonly recipeHash: string;
  /** Of what decides the weights: where it is the same, finished trainings are reused. Absent in runs of potstill 0.1.0. */
  readonly trainHash?: string | undefined;
  /** Hash of the teacher's recipe, its own teacher's included; null for other teachers and none. */
  readonly teacherHash: string | null;
  readonly seed: number;
  /** Versions of potstill and of the plugins whose components are used. */
  readonly versions: string;
  readonly backend: string;
  /** Threads change the last bits of a sum, so that a resumed run must have the same number. */
  readonly threads: number;
}

/** The data of a run: what it was trained on, and how the student's inputs look. */
export interface RecordedData {
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly description: DataDescription;
}

const identityFile = 'run.json';
const stagesFile = 'stages.json';
const summaryFile = 'summary.json';
const dataFile = 'data.json';

/** `<name>-<first 8 digits of the hash of what decides the weights>`. */
export function folderName({ name, trainHash, recipeHash }: RunIdentity): string {
  return `${name}-${(trainHash ?? recipeHash).slice(0, 8)}`;
}

/** Keys in which a folder's run differs so that its trained weights are not those of `identity`. */
function differences(found: RunIdentity, identity: Partial<RunIdentity>): (keyof RunIdentity)[] {
  const passed = found.trainHash === undefined ? 'trainHash' : 'recipeHash';
  return (Object.keys(identity) as (keyof RunIdentity)[]).filter(
    (key) => key !== passed && found[key] !== identity[key],
  );
}

export class RunFolder {
  private stages: Record<string, unknown> = {};

  private constructor(
    /** Absolute. */
    readonly path: string,
  ) {}

  /** A new folder below `runsFolder`: the name, or the name with the first of -2, -3… that is free. */
  static async create(runsFolder: string, identity: RunIdentity): Promise<RunFolder> {
    await makeFolder(runsFolder);
    const base = join(resolve(runsFolder), folderName(identity));
    for (let n = 1; ; n++) {
      const path = n === 1 ? base : `${base}-${n}`;
      try {
        // Not recursive: it fails when the folder is there, also when another process has just made it.
        await mkdir(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw writeFailed(path, cause);
      }
      return RunFolder.begin(path, identity);
    }
  }

  /** A folder that the user named. It must not hold a run already. */
  static async createAt(path: string, identity: RunIdentity): Promise<RunFolder> {
    if (await readJson(join(path, identityFile)))
      throw new PotstillError({
        code: 'RUN_OTHER_RECIPE',
        message: `${path} holds a run already`,
        hint: 'Use --resume to continue it, or name another folder.',
        location: { file: path },
      });
    await makeFolder(path);
    return RunFolder.begin(resolve(path), identity);
  }

  private static async begin(path: string, identity: RunIdentity): Promise<RunFolder> {
    const folder = new RunFolder(path);
    await folder.writeJson(identityFile, identity);
    return folder;
  }

  /** A folder to go on in. Another recipe, seed or version than `identity` is `RUN_OTHER_RECIPE`. */
  static async open(path: string, identity: RunIdentity): Promise<RunFolder> {
    const found = (await readJson(join(path, identityFile))) as RunIdentity | undefined;
    if (!found)
      throw new PotstillError({
        code: 'RUN_NO_CHECKPOINT',
        message: `${path} holds no run: there is no ${identityFile}`,
        hint: 'Run without --resume first.',
        location: { file: path },
      });
    const different = differences(found, identity);
    if (different.length > 0)
      throw new PotstillError({
        code: 'RUN_OTHER_RECIPE',
        message: `${path} is of another run: ${different.map((key) => `${key} ${String(found[key])}, now ${String(identity[key])}`).join('; ')}`,
        hint: 'Run without --resume, or with the recipe, version and threads that the run began with.',
        location: { file: path },
      });
    return RunFolder.read(path);
  }

  /** A folder to look into, whatever run it holds. */
  static async read(path: string): Promise<RunFolder> {
    const folder = new RunFolder(resolve(path));
    folder.stages = ((await readJson(join(path, stagesFile))) ?? {}) as Record<string, unknown>;
    return folder;
  }

  /** Folders below `runsFolder` whose run has that identity, whatever its threads; the newest name last. */
  static async find(runsFolder: string, whole: RunIdentity): Promise<string[]> {
    let names: string[];
    try {
      names = await readdir(runsFolder);
    } catch {
      return [];
    }
    const found: { path: string; number: number }[] = [];
    const { threads: _, ...identity } = whole;
    const bases = [folderName(whole), folderName({ ...whole, trainHash: undefined })];
    for (const name of names) {
      const base = bases.find((each) => name.startsWith(each));
      if (base === undefined) continue;
      const rest = name.slice(base.length);
      const number = rest === '' ? 1 : Number(/^-(\d+)$/.exec(rest)?.[1] ?? NaN);
      if (Number.isNaN(number)) continue;
      const path = join(resolve(runsFolder), name);
      const theirs = (await readJson(join(path, identityFile)).catch(() => undefined)) as
        RunIdentity | undefined;
      if (theirs && differences(theirs, identity).length === 0) found.push({ path, number });
    }
    return found.sort((a, b) => a.number - b.number).map(({ path }) => path);
  }

  /** What the data sets held when the run began; undefined before it is recorded. */
  async recordedData(): Promise<RecordedData | undefined> {
    return (await readJson(this.file(dataFile))) as RecordedData | undefined;
  }

  /** Records the data, or compares what is trained on with what is recorded: other content is `RUN_OTHER_RECIPE`. */
  async recordData(data: RecordedData): Promise<void> {
    const known = await this.recordedData();
    if (!known) return this.writeJson(dataFile, data);
    const changed = changedTrainingData(known, data);
    if (changed.length > 0)
      throw new PotstillError({
        code: 'RUN_OTHER_RECIPE',
        message: `${this.path} was begun with other data: ${changed.join(', ')}`,
        hint: 'Run without --resume: training cannot continue on other data.',
        location: { file: this.path },
      });
  }

  /** Whether the summary is of that recipe and those data, and not of others with the same training. */
  async isResultOf(
    identity: RunIdentity,
    { fingerprints }: Pick<RecordedData, 'fingerprints'>,
  ): Promise<boolean> {
    const found = (await readJson(this.file(identityFile))) as RunIdentity | undefined;
    const data = await this.recordedData();
    return found?.recipeHash === identity.recipeHash && data?.fingerprints.test === fingerprints.test;
  }

  /** Forgets the summary, and is from now on of this recipe and these data, whose training is the same. */
  async renew(identity: RunIdentity, data: RecordedData): Promise<void> {
    await rm(this.file(summaryFile), { force: true });
    await this.writeJson(identityFile, identity);
    await this.writeJson(dataFile, data);
  }

  file(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** What a finished stage left behind; undefined when it is not finished. */
  finished<T>(stage: string): T | undefined {
    return this.stages[stage] as T | undefined;
  }

  /** Records a stage as finished. `result` is plain data, given back by {@link finished} after a resume. */
  async finish(stage: string, result: object): Promise<void> {
    this.stages[stage] = result;
    await this.writeJson(stagesFile, this.stages);
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await writeAtomically(this.file(name), `${JSON.stringify(value, finiteOnly, 2)}\n`);
  }

  async write(name: string, content: string): Promise<void> {
    await writeAtomically(this.file(name), content);
  }

  /** The summary, when the run is complete. */
  async summary<T>(): Promise<T | undefined> {
    return (await readJson(this.file(summaryFile))) as T | undefined;
  }

  async writeSummary(summary: object): Promise<void> {
    await this.writeJson(summaryFile, summary);
  }
}

/** Names of the data sets of a training whose content is another. Test data decides no weights. */
export function changedTrainingData(
  known: Pick<RecordedData, 'fingerprints'>,
  now: Pick<RecordedData, 'fingerprints'>,
): string[] {
  return Object.keys({ ...known.fingerprints, ...now.fingerprints }).filter(
    (name) => name !== 'test' && known.fingerprints[name] !== now.fingerprints[name],
  );
}

/** A JSON file; undefined when there is none. One that is not JSON is `RUN_CHECKPOINT_DAMAGED`. */
async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cause;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PotstillError(
      {
        code: 'RUN_CHECKPOINT_DAMAGED',
        message: `${path} is not JSON`,
        hint: 'Remove the run folder, or the file, and run again.',
        location: { file: path },
      },
      { cause },
    );
  }
}

function finiteOnly(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

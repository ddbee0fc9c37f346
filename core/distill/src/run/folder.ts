// The folder of one run: which it is, what in it is done, and its small files.
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { PotstillError } from '../errors/potstill-error.js';
import { writeJson } from '../files/json.js';
import { makeFolder, removeLeftovers, writeAtomically, writeFailed } from '../files/write-atomically.js';
import { differences, differingKeys } from './differences.js';
import { lockRun, type Lock } from './lock.js';
import {
  beginRecipeFile,
  eventsFile,
  logFile,
  metricsFile,
  resolvedRecipeFile,
  teacherRecipeFile,
} from './names.js';
import {
  readRunFile,
  runFiles,
  type RecordedData,
  type RecordedSummary,
  type RunFile,
  type RunIdentity,
} from './run-files.js';
import { droppedStages } from './stage-files.js';
import type { Summary } from './summary.js';
import type { PlannedRun } from './teachers.js';

/** `<name>-<first 8 digits of the hash of what decides the weights>`. */
export function folderName({ name, trainHash, recipeHash }: RunIdentity): string {
  return `${name}-${(trainHash ?? recipeHash).slice(0, 8)}`;
}

/** How a run came to its folder. */
export interface Beginning {
  readonly resumed: boolean;
  /** What the user should know of it: why a resumed run starts over, which stages run again. */
  readonly notes: string[];
}

export class RunFolder {
  readonly beginning: Beginning;
  private stages: Record<string, unknown> = {};

  private constructor(
    /** Absolute. */
    readonly path: string,
    resumed: boolean,
    /** Undefined for a folder that is only read. */
    private readonly lock?: Lock,
  ) {
    this.beginning = { resumed, notes: [] };
  }

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
      return RunFolder.locked(path, false, (folder) => folder.writeFile('identity', identity));
    }
  }

  /** A folder that the user named. It must not hold a run already. */
  static async createAt(path: string, identity: RunIdentity): Promise<RunFolder> {
    await makeFolder(path);
    return RunFolder.locked(path, false, async (folder) => {
      if (await readRunFile(path, 'identity'))
        throw new PotstillError({
          code: 'RUN_OTHER_RECIPE',
          message: `${path} holds a run already`,
          hint: 'Use --resume to continue it, or name another folder.',
          location: { file: path },
        });
      await folder.writeFile('identity', identity);
    });
  }

  /**
   * A folder to continue in. A run of another recipe, seed or version is `RUN_OTHER_RECIPE`. A folder without run.json,
   * as a kill leaves it, starts over: checkpoints identify themselves.
   */
  static async open(path: string, identity: RunIdentity, planned: PlannedRun): Promise<RunFolder> {
    await makeFolder(path);
    return RunFolder.locked(path, true, async (folder) => {
      const found = await readRunFile(path, 'identity');
      if (!found) {
        folder.beginning.notes.push(
          `${basename(folder.path)} has no ${runFiles.identity.name}: starting over, with the checkpoints that are there`,
        );
        await folder.writeFile('identity', identity);
      } else if (differingKeys(found.value, identity).length > 0)
        throw new PotstillError({
          code: 'RUN_OTHER_RECIPE',
          message: `${path} is of another run: ${await differences(path, found.value, identity, planned)}`,
          hint: 'Run without --resume, or with the recipe, version and threads that the run began with.',
          location: { file: path },
        });
      folder.stages = (await readRunFile(path, 'stages'))?.value ?? {};
      for (const [stage, why] of await droppedStages(folder.path, folder.stages)) {
        if (why !== undefined) folder.beginning.notes.push(why);
        folder.stages = Object.fromEntries(Object.entries(folder.stages).filter(([name]) => name !== stage));
      }
    });
  }

  /** A complete run's folder to write exports to. */
  static async openForExport(path: string): Promise<RunFolder> {
    return RunFolder.locked(path, true, () => Promise.resolve());
  }

  /** Locked, and without what a killed process left. `prepare` that fails unlocks it. */
  private static async locked(
    path: string,
    resumed: boolean,
    prepare: (folder: RunFolder) => Promise<void>,
  ): Promise<RunFolder> {
    const folder = new RunFolder(resolve(path), resumed, await lockRun(path));
    try {
      await removeLeftovers(path);
      await prepare(folder);
      return folder;
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** A folder to look into, whatever run it holds and whoever works there. */
  static async read(path: string): Promise<RunFolder> {
    const folder = new RunFolder(resolve(path), true);
    folder.stages = (await readRunFile(path, 'stages'))?.value ?? {};
    return folder;
  }

  /** Lets other processes write here. */
  async close(): Promise<void> {
    await this.lock?.release();
  }

  /** Whether nothing has been trained here, by this process or an earlier one. */
  get isUntouched(): boolean {
    return (
      !this.beginning.resumed &&
      Object.keys(this.stages).every((name) => name === 'teacher' || name === 'begin')
    );
  }

  /** Removes what the run has written so far, and the folder when nothing else is in it. */
  async discard(): Promise<void> {
    await this.close();
    const names = Object.values(runFiles).map(({ name }) => name);
    for (const name of [
      ...names,
      resolvedRecipeFile,
      teacherRecipeFile,
      beginRecipeFile,
      metricsFile,
      eventsFile,
      logFile,
    ])
      await rm(this.file(name), { force: true });
    await rmdir(this.path).catch(() => undefined);
  }

  /** What the data sets held when the run began; undefined before it is recorded. */
  async recordedData(): Promise<RecordedData | undefined> {
    return (await readRunFile(this.path, 'data'))?.value;
  }

  /**
   * Makes the folder one of that recipe and those data: records them, or compares what is trained on with what is
   * recorded. Other content is `RUN_OTHER_RECIPE`. Gives the summary when the run is complete; one of another recipe or
   * of other test data with the same training is forgotten.
   */
  async adopt(identity: RunIdentity, data: RecordedData): Promise<Summary | undefined> {
    const known = await this.recordedData();
    const changed = known ? changedTrainingData(known, data) : [];
    if (changed.length > 0)
      throw new PotstillError({
        code: 'RUN_OTHER_RECIPE',
        message: `${this.path} began with other data: ${changed.map((name) => `the ${name} data has changed`).join(', ')}`,
        hint: 'Run without --resume: training cannot continue on other data.',
        location: { file: this.path },
      });
    const summary = await this.summary();
    const current =
      summary?.recipeHash === identity.recipeHash &&
      summary.seed === identity.seed &&
      known?.fingerprints.test === data.fingerprints.test;
    if (known && current) return summary;
    await rm(this.file(runFiles.summary.name), { force: true });
    await this.writeFile('identity', identity);
    await this.writeFile('data', data);
    return undefined;
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
    await this.writeFile('stages', this.stages);
  }

  async write(name: string, content: string): Promise<void> {
    await writeAtomically(this.file(name), content);
  }

  /** The summary, when the run is complete. */
  async summary(): Promise<Summary | undefined> {
    return summaryOf(await this.recordedSummary());
  }

  /** The summary with the checksums of files beside it. */
  async recordedSummary(): Promise<RecordedSummary | undefined> {
    return (await readRunFile(this.path, 'summary'))?.value;
  }

  /** Takes results of a later export into this folder into the summary. `exports` have paths relative to it. */
  async recordExports(exports: Summary['exports']): Promise<void> {
    const summary = await this.recordedSummary();
    if (!summary) throw new Error('internal: exports of a run that is not complete');
    const written = new Set(exports.map(({ path }) => path));
    await this.writeSummary({
      ...summary,
      exports: [...summary.exports.filter(({ path }) => !written.has(path)), ...exports],
    });
  }

  async writeSummary(summary: RecordedSummary): Promise<void> {
    await this.writeFile('summary', summary);
  }

  private async writeFile(file: RunFile, value: object): Promise<void> {
    await writeJson(this.file(runFiles[file].name), value);
  }
}

function summaryOf(recorded: RecordedSummary | undefined): Summary | undefined {
  if (!recorded) return undefined;
  const { files: _, ...summary } = recorded;
  return summary;
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

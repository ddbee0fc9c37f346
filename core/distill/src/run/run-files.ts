// The JSON files of a run folder: their names, what they hold, and what to do about a damaged one.
import { join } from 'node:path';
import { z } from 'zod';
import type { DataDescription } from '../contracts/index.js';
import { readJson, type ReadJson } from '../files/json.js';
import { upgradeSummary } from '../tasks/old-summary.js';
import type { Summary } from './summary.js';

/** What a run is of. Written first, so that a resumed run knows its own. */
export interface RunIdentity {
  readonly name: string;
  /** Of all that decides the result. */
  readonly recipeHash: string;
  /** Of what decides the weights: where it is the same, finished trainings are reused. Absent in runs of potstill 0.1.0. */
  readonly trainHash?: string | undefined;
  /** Hash of the teacher's recipe, its own teacher's included; null for other teachers and none. */
  readonly teacherHash: string | null;
  /** Hash of what the student begins from: the recipe with its teacher and beginning, or the weights. Absent where it begins at random. */
  readonly beginHash?: string | undefined;
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

/** Seconds that a run took, summed over its processes. */
export interface RecordedTimings {
  /** From the start of each process to its end or its last record. */
  readonly seconds: number;
  readonly stages: Readonly<Record<string, number>>;
}

/** A complete run's summary, and sha256 of the files that carry no checksum of their own. */
export type RecordedSummary = Summary & { readonly files?: Readonly<Record<string, string>> | undefined };

const identity: z.ZodType<RunIdentity> = z.object({
  name: z.string(),
  recipeHash: z.string(),
  trainHash: z.string().optional(),
  teacherHash: z.string().nullable(),
  beginHash: z.string().optional(),
  seed: z.number(),
  versions: z.string(),
  backend: z.string(),
  threads: z.number(),
});

const dtype = z.enum(['float32', 'int32', 'bool']);
/** Of the description what a student is built on; the rest is passed on as it is. */
const description = z.looseObject({
  spec: z.record(z.string(), z.looseObject({ dtype, shape: z.array(z.int().min(0).nullable()) })),
  inputs: z.array(z.string()).min(1),
  fingerprint: z.string(),
  labels: z.array(z.string()).optional(),
  target: z.string().optional(),
});
const data = z.object({
  fingerprints: z.record(z.string(), z.string()),
  description: description.transform((value) => value as unknown as DataDescription),
});

const record = z.record(z.string(), z.unknown());
const best = z.object({ epoch: z.int(), value: z.number().nullable() }).nullable();
const trained = z.looseObject({ steps: z.int(), best, history: z.array(record).optional() }).optional();
const stages = z.looseObject({
  teacher: z.looseObject({ fingerprint: z.string() }).optional(),
  baseline: trained,
  label: z.looseObject({ kept: z.boolean(), total: z.number(), asked: z.number() }).optional(),
  student: trained,
  adjust: z.looseObject({ adjustments: z.array(record) }).optional(),
});

const numbers = z.record(z.string(), z.number().nullable());
const model = z.looseObject({ figures: numbers });
const figure = z.looseObject({ name: z.string(), title: z.string(), unit: z.string() });
const summary = z.preprocess(
  upgradeSummary,
  z
    .looseObject({
      summaryFormat: z.literal(2),
      name: z.string(),
      seed: z.number(),
      recipeHash: z.string(),
      versions: z.record(z.string(), z.string()),
      task: z.string(),
      primary: z.string().nullable(),
      columns: z.array(z.string()),
      figures: z.array(figure),
      teacher: model.nullable(),
      baseline: model.nullable(),
      student: model,
      adjustments: z.array(record),
      exports: z.array(
        z.looseObject({ kind: z.string(), path: z.string(), sha256: z.string(), bytes: z.number() }),
      ),
      preflight: z.array(record),
      warnings: z.array(record),
      seconds: z.number(),
      files: z.record(z.string(), z.string()).optional(),
    })
    .transform((value) => value as unknown as RecordedSummary),
);

const timings: z.ZodType<RecordedTimings> = z.object({
  seconds: z.number().min(0),
  stages: z.record(z.string(), z.number().min(0)),
});

const remove = 'Remove the file and use `potstill run RECIPE --resume`:';

/** Each hint is true of its file, wherever it is read. */
export const runFiles = {
  identity: {
    name: 'run.json',
    schema: identity,
    hint: `${remove} it is recreated, and trainings of the same recipe on the same data are kept.`,
  },
  data: { name: 'data.json', schema: data, hint: `${remove} it is recreated from the data.` },
  stages: {
    name: 'stages.json',
    schema: stages,
    hint: `${remove} finished trainings are recognised by their checkpoints.`,
  },
  timings: {
    name: 'timings.json',
    schema: timings,
    hint: `${remove} only the times of earlier stages are lost.`,
  },
  summary: {
    name: 'summary.json',
    schema: summary,
    hint: `${remove} it is recreated from the trained weights.`,
  },
} as const;

export type RunFile = keyof typeof runFiles;
export type RunFileValue<F extends RunFile> = z.output<(typeof runFiles)[F]['schema']>;

/** Reads one of them; undefined when it does not exist, `RUN_CHECKPOINT_DAMAGED` when it is not what it should be. */
export async function readRunFile<F extends RunFile>(
  folder: string,
  file: F,
): Promise<ReadJson<RunFileValue<F>> | undefined> {
  const { name, schema, hint } = runFiles[file];
  return readJson(join(folder, name), schema as z.ZodType<RunFileValue<F>>, hint);
}

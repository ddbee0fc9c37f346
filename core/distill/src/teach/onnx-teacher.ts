// An ONNX file as a teacher, in ONNX Runtime on the processor.
import type { HostTensor, HostTensors } from '@potstill/engine';
import type { Batch, DataDescription, Teacher, TensorSpecs } from '../contracts/index.js';
import { fingerprint } from '../data/index.js';
import { aboutOption } from '../errors/option.js';
import { PotstillError } from '../errors/potstill-error.js';
import { answerOf, type Answer } from './answers.js';
import { chooseLogits } from './choose-output.js';
import { batchInputs, constantsOf, feedsOf, sampleInputs, type FeedOptions, type Feeds } from './feeds.js';
import { reasonOf, teacherInvalid } from './invalid.js';
import { labelsOf, type ModelFile } from './model-file.js';
import { drivingField, remembered, withLengths } from './output-lengths.js';
import {
  checkNames,
  firstOutput,
  requestsOf,
  tapped,
  type OutputRequests,
  type OutputsOption,
} from './outputs.js';
import { runInPieces } from './pieces.js';
import { emptyOutputs, probe, triedLengths } from './probe.js';
import { runRecurrent, type Recurrence, type RecurrentOptions } from './recurrent.js';
import { recurrentFeeds } from './recurrent-feeds.js';
import { openSession, type GraphValue, type TeacherSession } from './session.js';

export interface OnnxTeacherOptions extends FeedOptions {
  readonly file: ModelFile;
  /** The data it will label. */
  readonly data: DataDescription;
  /** For models that hear a sequence piece by piece. */
  readonly recurrent?: RecurrentOptions | undefined;
  /** Default: `logits`, the output that fits the classes. */
  readonly outputs?: OutputsOption | undefined;
  /** Class names in the order of its scores. Default: those of the file's metadata. */
  readonly labels?: readonly string[] | undefined;
  /** Where the model comes from. */
  readonly source?: string | undefined;
  readonly licence?: string | undefined;
  /** Threads within an operator. */
  readonly threads: number;
}

/**
 * Opens the model and runs it once on zeros, so that what it answers is known. A fixed batch is kept to: batches are
 * run in pieces of it.
 * @throws PotstillError TEACHER_INVALID where it cannot be loaded or the data do not fit; TEACHER_OUTPUT for outputs.
 */
export async function openOnnxTeacher(options: OnnxTeacherOptions): Promise<Teacher> {
  const { file, threads, outputs, labels = labelsOf(file) } = options;
  const asked = outputs && requestsOf(outputs);
  if (asked) await aboutOption('outputs', () => checkNames(file, asked));
  else firstOutput(file);
  const names = Object.values(asked ?? {}).map(({ from }) => from);
  const session = await openSession(file, tapped(file, names), threads);
  try {
    const given = await inputsOf(session.inputs, options);
    const requests = asked ?? {
      logits: { from: await logitsOf(session, options, labels, given.feeds) },
    };
    return await teacherOf(session, requests, { ...options, labels }, given);
  } catch (error) {
    await session.release();
    throw error;
  }
}

interface Given {
  readonly feeds: Feeds;
  readonly recurrence?: Recurrence;
}

async function inputsOf(inputs: readonly GraphValue[], options: OnnxTeacherOptions): Promise<Given> {
  const { file, data, recurrent } = options;
  if (recurrent)
    return aboutOption('recurrent', () =>
      recurrentFeeds(file.path, inputs, [...file.outputs, ...file.inner], data, options, recurrent),
    );
  return {
    feeds: await aboutOption(options.inputs ? 'inputs' : 'input', () =>
      feedsOf(file.path, inputs, data, options),
    ),
  };
}

/** The graph's output that `logits` is where the recipe names none. */
function logitsOf(
  session: TeacherSession,
  { file, data, threads, recurrent }: OnnxTeacherOptions,
  labels: readonly string[] | undefined,
  feeds: Feeds,
): string | Promise<string> {
  const states = Object.values(recurrent?.state ?? {});
  const outputs = session.outputs.filter(({ name }) => !states.includes(name));
  const classes = [labels?.length, data.labels?.length].filter((count) => count !== undefined);
  return chooseLogits(file, outputs, classes, async () => {
    // What every node gives for one made-up example.
    const names = [...new Set(file.inner)];
    const inside = await openSession(file, tapped(file, names), threads);
    try {
      const tensors = inside.outputs.filter(({ type }) => type.startsWith('float')).map(({ name }) => name);
      return await inside.run({ ...constantsOf(feeds), ...sampleInputs(feeds, 1, 16) }, tensors);
    } finally {
      await inside.release();
    }
  });
}

/** What a teacher says of the file that its model comes from. */
export interface ModelFacts extends Pick<
  ModelFile,
  'path' | 'sha256' | 'external' | 'channelsFirst' | 'parameters'
> {
  readonly bytes: { readonly length: number };
}

/** A teacher from a model that is open; it is run once, so that shapes are known. */
export async function teacherOf(
  session: Pick<TeacherSession, 'inputs' | 'run' | 'release'>,
  requests: OutputRequests,
  {
    file,
    labels,
    source,
    licence,
  }: Pick<OnnxTeacherOptions, 'labels' | 'source' | 'licence'> & { readonly file: ModelFacts },
  { feeds, recurrence }: Given,
): Promise<Teacher> {
  const { path } = file;
  const keys = Object.entries(requests);
  const graphNames = [...new Set(keys.map(([, { from }]) => from))];
  const constants = constantsOf(feeds);
  const run = async (changing: HostTensors, rows: number): Promise<HostTensors> => {
    const inputs = { ...constants, ...changing };
    const results = recurrence
      ? await runRecurrent(recurrence, inputs, rows, graphNames, (...given) => session.run(...given))
      : await session.run(inputs, graphNames);
    return Object.fromEntries(keys.map(([key, { from }]) => [key, results[from] as HostTensor]));
  };
  const unit = recurrence?.options.chunk;
  const lengths = unit === undefined ? triedLengths : ([2 * unit, 3 * unit] as const);
  const { specs: raw, piece } = await probe(path, session.inputs, feeds, run, lengths);
  const answers = new Map(
    keys.map(([key, request]): [string, Answer] => {
      const spec = raw[key];
      if (!spec) throw new Error(`internal: the probe of ${path} gave no ${key}`);
      const channelsFirst = file.channelsFirst.has(request.from);
      return [key, answerOf(path, key, request, spec, channelsFirst, recurrence ? true : undefined)];
    }),
  );
  const specs = Object.fromEntries([...answers].map(([key, { spec }]) => [key, spec]));
  await aboutOption('labels', () => checkLabelCount(path, specs, labels));
  const converted = (values: HostTensors): HostTensors =>
    Object.fromEntries([...answers].map(([key, answer]) => [key, answer.convert(values[key] as HostTensor)]));
  const varies = Object.values(specs).some(({ shape }) => shape.includes(null));
  const field = varies ? drivingField(feeds) : undefined;
  const measured = async (length: number) => {
    const rows = piece ?? 1;
    // A recurrent model takes a part of a chunk, too; others may refuse an empty sequence.
    const values = length === 0 ? {} : await runInPieces(sampleInputs(feeds, rows, length), rows, rows, run);
    return Object.fromEntries(
      Object.entries(values).map(([key, { shape }]) => [
        key,
        (specs[key]?.shape ?? []).flatMap((axis, i) => (axis === null ? [shape[i + 1] ?? 0] : [])),
      ]),
    );
  };
  const lengthsAt = remembered(measured, lengths, unit ?? 1);
  let released = false;
  return {
    outputs: specs,
    fingerprint: fingerprint(
      'onnx-teacher',
      file.sha256,
      file.external.map(({ location, sha256 }) => [location, sha256]),
      Object.fromEntries(keys.map(([key, { from, as = null }]) => [key, [from, as]])),
      Object.fromEntries(
        Object.entries(specs).map(([key, { shape, layout }]) => [key, [shape, layout ?? null]]),
      ),
      [...feeds.values()].map((feed) => feed.description),
      ...(recurrence ? [{ ...recurrence.options, input: recurrence.input }] : []),
    ),
    sources: requests,
    ...(labels === undefined ? {} : { labels }),
    ...(source === undefined ? {} : { source }),
    ...(licence === undefined ? {} : { licence }),
    parameters: file.parameters,
    bytes: file.external.reduce((sum, { bytes }) => sum + bytes.length, file.bytes.length),
    async label(batch) {
      if (batch.size === 0) return emptyOutputs(specs);
      try {
        const values = converted(await runInPieces(batchInputs(feeds, batch), batch.size, piece, run));
        return field === undefined ? values : await withLengths(path, batch, values, specs, field, lengthsAt);
      } catch (cause) {
        if (cause instanceof PotstillError) throw cause;
        throw teacherInvalid(
          `the teacher ${path} failed on examples ${someOf(batch)}: ${reasonOf(cause)}`,
          undefined,
          cause,
        );
      }
    },
    async dispose() {
      if (released) return;
      released = true;
      await session.release();
    },
  };
}

/** As many names as scores, where both are known. */
function checkLabelCount(path: string, specs: TensorSpecs, labels: readonly string[] | undefined): void {
  const count = specs.logits?.shape.at(-1);
  if (!labels || typeof count !== 'number' || count === labels.length) return;
  throw teacherInvalid(
    `the teacher ${path} scores ${count} classes, and ${labels.length} names are given for them`,
    'give `labels:` one name for each of its scores, in their order; names that the data do not have (such as `background`) are dropped',
  );
}

function someOf({ indices }: Batch): string {
  return indices.length > 6 ? `${indices.slice(0, 6).join(', ')}…` : indices.join(', ');
}

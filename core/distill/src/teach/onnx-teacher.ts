// An ONNX file as a teacher, in ONNX Runtime on the processor.
import type { HostTensor, HostTensors } from '@potstill/engine';
import type { Batch, DataDescription, Teacher, TensorSpecs } from '../contracts/index.js';
import { fingerprint } from '../data/index.js';
import { aboutOption } from '../errors/option.js';
import { PotstillError } from '../errors/potstill-error.js';
import { fitInput, type InputMapping, type InputOptions } from './input.js';
import { reasonOf, teacherInvalid } from './invalid.js';
import { answerOf, type Answer } from './answers.js';
import { chooseLogits } from './choose-output.js';
import { labelsOf, type ModelFile } from './model-file.js';
import {
  checkNames,
  firstOutput,
  requestsOf,
  tapped,
  type OutputRequests,
  type OutputsOption,
} from './outputs.js';
import { runInPieces } from './pieces.js';
import { emptyOutputs, probe, zeroInputs } from './probe.js';
import { openSession, type TeacherSession } from './session.js';

export interface OnnxTeacherOptions {
  readonly file: ModelFile;
  /** The data it will label. */
  readonly data: DataDescription;
  /** How it takes the data's first input; see {@link InputOptions}. */
  readonly input?: InputOptions | undefined;
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
  const { file, data, threads, outputs, labels = labelsOf(file) } = options;
  const asked = outputs && requestsOf(outputs);
  if (asked) await aboutOption('outputs', () => checkNames(file, asked));
  else firstOutput(file);
  const names = Object.values(asked ?? {}).map(({ from }) => from);
  const session = await openSession(file, tapped(file, names), threads);
  try {
    const mappings = await aboutOption('input', () =>
      inputsOf(file.path, session, data, options.input ?? {}),
    );
    const classes = [labels?.length, data.labels?.length].filter((count) => count !== undefined);
    const requests = asked ?? {
      logits: {
        from: await chooseLogits(file, session.outputs, classes, () =>
          innerValues(file, threads, mappings, data),
        ),
      },
    };
    return await teacherOf(session, requests, { ...options, labels }, mappings);
  } catch (error) {
    await session.release();
    throw error;
  }
}

type Mappings = ReadonlyMap<string, InputMapping>;

/** What every node gives for one example of zeros. */
async function innerValues(
  file: ModelFile,
  threads: number,
  mappings: Mappings,
  data: DataDescription,
): Promise<HostTensors> {
  const names = [...new Set(file.inner)];
  const session = await openSession(file, tapped(file, names), threads);
  try {
    const tensors = session.outputs.filter(({ type }) => type.startsWith('float')).map(({ name }) => name);
    return await session.run(zeroInputs(mappings, data, 1, 16), tensors);
  } finally {
    await session.release();
  }
}

async function teacherOf(
  session: TeacherSession,
  requests: OutputRequests,
  { file, data, labels, source, licence }: OnnxTeacherOptions,
  mappings: Mappings,
): Promise<Teacher> {
  const keys = Object.entries(requests);
  const graphNames = [...new Set(keys.map(([, { from }]) => from))];
  const run = async (inputs: HostTensors): Promise<HostTensors> => {
    const results = await session.run(inputs, graphNames);
    return Object.fromEntries(keys.map(([key, { from }]) => [key, results[from] as HostTensors[string]]));
  };
  const { specs: raw, piece } = await probe(file.path, session.inputs, mappings, data, run);
  const answers = new Map(
    keys.map(([key, request]): [string, Answer] => {
      const spec = raw[key];
      if (!spec) throw new Error(`internal: the probe of ${file.path} gave no ${key}`);
      return [key, answerOf(file.path, key, request, spec, file.channelsFirst.has(request.from))];
    }),
  );
  const specs = Object.fromEntries([...answers].map(([key, { spec }]) => [key, spec]));
  await aboutOption('labels', () => checkLabelCount(file.path, specs, labels));
  const convert = (batch: Batch): HostTensors =>
    Object.fromEntries(
      [...mappings].map(([name, mapping]) => {
        const tensor = batch.tensors[mapping.field];
        if (tensor) return [name, mapping.convert(tensor)] as const;
        throw teacherInvalid(
          `the teacher ${file.path} wants \`${mapping.field}\`; the batch has ${Object.keys(batch.tensors).join(', ')}`,
        );
      }),
    );
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
      [...mappings.values()].map((mapping) => mapping.description),
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
        const values = await runInPieces(convert(batch), batch.size, piece, run);
        return Object.fromEntries(
          [...answers].map(([key, answer]) => [key, answer.convert(values[key] as HostTensor)]),
        );
      } catch (cause) {
        if (cause instanceof PotstillError) throw cause;
        throw teacherInvalid(
          `the teacher ${file.path} failed on examples ${someOf(batch.indices)}: ${reasonOf(cause)}`,
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

function someOf(indices: readonly number[]): string {
  return indices.length > 6 ? `${indices.slice(0, 6).join(', ')}…` : indices.join(', ');
}

/** The data's first input goes to the input that is named, of its name, or the first; the others go by name. */
function inputsOf(
  path: string,
  session: TeacherSession,
  data: DataDescription,
  options: InputOptions,
): Mappings {
  const there = session.inputs.map(({ name }) => name);
  const [field] = data.inputs;
  if (field === undefined) throw teacherInvalid(`the data name no input for the teacher ${path}`);
  if (options.name !== undefined && !there.includes(options.name)) {
    throw teacherInvalid(
      `the teacher ${path} has no input \`${options.name}\`; it has ${there.join(', ')}`,
      'correct `input.name`, or leave it out',
    );
  }
  const others = data.inputs.slice(1);
  const main = options.name ?? (there.includes(field) ? field : there.find((name) => !others.includes(name)));
  const mappings = new Map<string, InputMapping>();
  for (const input of session.inputs) {
    if (input.name === main) mappings.set(input.name, fitInput(path, data, field, input, options));
    else if (others.includes(input.name))
      mappings.set(input.name, fitInput(path, data, input.name, input, {}));
    else
      throw teacherInvalid(
        `the teacher ${path} takes ${there.map((name) => `\`${name}\``).join(', ')}; the data have nothing for \`${input.name}\``,
        `inputs beside the first go by name; the data's are ${data.inputs.join(', ')}`,
      );
  }
  return mappings;
}

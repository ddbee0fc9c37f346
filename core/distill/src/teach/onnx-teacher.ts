// An ONNX file as a teacher, in ONNX Runtime on the processor.
import type { HostTensors } from '@potstill/engine';
import type { Batch, DataDescription, Teacher } from '../contracts/index.js';
import { fingerprint } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { fitInput, type InputMapping, type InputOptions } from './input.js';
import { reasonOf, teacherInvalid } from './invalid.js';
import { labelsOf, type ModelFile } from './model-file.js';
import { chosenOutputs, tapped, type OutputNames } from './outputs.js';
import { runInPieces } from './pieces.js';
import { emptyOutputs, probe } from './probe.js';
import { openSession, type TeacherSession } from './session.js';

export interface OnnxTeacherOptions {
  readonly file: ModelFile;
  /** The data it will label. */
  readonly data: DataDescription;
  /** How it takes the data's first input; see {@link InputOptions}. */
  readonly input?: InputOptions | undefined;
  /** Default: `logits`, the first output. */
  readonly outputs?: OutputNames | undefined;
  /** Default: those of the file's metadata. */
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
  const { file, data } = options;
  const names = chosenOutputs(file, options.outputs);
  const session = await openSession(file.path, tapped(file, names), options.threads);
  try {
    return await teacherOf(session, names, options, inputsOf(file.path, session, data, options.input ?? {}));
  } catch (error) {
    await session.release();
    throw error;
  }
}

type Mappings = ReadonlyMap<string, InputMapping>;

async function teacherOf(
  session: TeacherSession,
  names: OutputNames,
  { file, data, labels = labelsOf(file), source, licence }: OnnxTeacherOptions,
  mappings: Mappings,
): Promise<Teacher> {
  const graphNames = [...new Set(Object.values(names))];
  const run = async (inputs: HostTensors): Promise<HostTensors> => {
    const results = await session.run(inputs, graphNames);
    return Object.fromEntries(
      Object.entries(names).map(([key, name]) => [key, results[name] as HostTensors[string]]),
    );
  };
  const { specs, piece } = await probe(file.path, session.inputs, mappings, data, run);
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
      names,
      [...mappings.values()].map((mapping) => mapping.description),
    ),
    ...(labels === undefined ? {} : { labels }),
    ...(source === undefined ? {} : { source }),
    ...(licence === undefined ? {} : { licence }),
    parameters: file.parameters,
    bytes: file.bytes.length,
    async label(batch) {
      if (batch.size === 0) return emptyOutputs(specs);
      try {
        return await runInPieces(convert(batch), batch.size, piece, run);
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
      'mend `input.name`, or leave it out',
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

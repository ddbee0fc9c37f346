// What an ONNX file is: inputs, outputs, inner values with shapes, weights, operator sets, metadata, files beside it.
import { matchesName, readOnnxModel, type HostTensors } from '@potstill/engine';
import { hostTensor, zeros } from '../data/arrays.js';
import { elementCount } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { allowedWords } from '../errors/suggest.js';
import { readModelFile, type ModelFile } from './model-file.js';
import { tapped } from './outputs.js';
import { openSession, type GraphValue, type TeacherSession } from './session.js';

export interface InspectedValue {
  readonly name: string;
  /** As ONNX Runtime calls it; undefined where neither the file nor a run tells. */
  readonly type: string | undefined;
  /** Batch axis first; `null` where a length is free, undefined where nothing tells the shape. */
  readonly shape: readonly (number | null)[] | undefined;
}

export interface InnerValue extends InspectedValue {
  /** The operator that gives it. */
  readonly operator: string;
  /** A feature map with the channels first, which a teacher gives with the channels last. */
  readonly channelsFirst: boolean;
}

export interface InspectedModel {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly parameters: number;
  readonly producer: string;
  /** Version of each operator set by domain; `` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly InspectedValue[];
  readonly outputs: readonly InspectedValue[];
  /** What nodes give, in the order of the graph, graph outputs left out. */
  readonly inner: readonly InnerValue[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly external: readonly {
    readonly location: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/**
 * Opens the file and runs it on zeros once or twice, so that inner values have shapes also where the file tells none.
 * `pattern`: only inner values whose name fits (`*` stands for any characters); one that fits none is TEACHER_OUTPUT.
 * @throws PotstillError TEACHER_INVALID where the file cannot be used.
 */
export async function inspectModel(
  path: string,
  { pattern, threads = 1 }: { readonly pattern?: string | undefined; readonly threads?: number } = {},
): Promise<InspectedModel> {
  const file = await readModelFile(path);
  const model = readOnnxModel(file.bytes);
  const operators = new Map(
    (model.graph?.node ?? []).flatMap(({ opType = '', output = [] }) =>
      output.map((name) => [name, opType] as const),
    ),
  );
  const outputs = new Set(file.outputs);
  const all = [...new Set(file.inner)].filter((name) => !outputs.has(name));
  const names = pattern === undefined ? all : all.filter((name) => matchesName(pattern, name));
  if (pattern !== undefined && names.length === 0)
    throw new PotstillError({
      code: 'TEACHER_OUTPUT',
      message: `${path} has no inner value named like \`${pattern}\``,
      hint: 'in a pattern, `*` stands for any characters',
      ...allowedWords(pattern, all),
    });
  const session = await openSession(file, tapped(file, names), threads);
  try {
    const measured = await shapesOf(session, [...file.outputs, ...names]);
    const value = (name: string): InspectedValue => {
      const { type, shape } =
        measured.get(name) ?? session.outputs.find((output) => output.name === name) ?? {};
      return { name, type, shape };
    };
    return {
      path,
      bytes: file.bytes.length,
      sha256: file.sha256,
      parameters: file.parameters,
      producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
      opsets: Object.fromEntries(
        (model.opsetImport ?? []).map(({ domain = '', version }) => [domain, Number(version)]),
      ),
      inputs: session.inputs,
      outputs: file.outputs.map(value),
      inner: names.map((name) => ({
        ...value(name),
        operator: operators.get(name) ?? '',
        channelsFirst: isChannelsFirst(file, value(name)),
      })),
      metadata: file.metadata,
      external: file.external.map(({ location, bytes, sha256 }) => ({
        location,
        bytes: bytes.length,
        sha256,
      })),
    };
  } finally {
    await session.release();
  }
}

function isChannelsFirst({ channelsFirst }: ModelFile, { name, shape }: InspectedValue): boolean {
  return channelsFirst.has(name) && shape?.length === 4;
}

/** Shapes from two runs with other lengths of the free axes; what differs is free. Empty where the model cannot be run so. */
async function shapesOf(
  session: TeacherSession,
  names: readonly string[],
): Promise<ReadonlyMap<string, GraphValue>> {
  const runs = [
    { rows: 2, length: 16 },
    { rows: 3, length: 24 },
  ];
  try {
    const [first = [], second = []] = await Promise.all(
      runs.map(({ rows, length }) => session.measure(zeroFeeds(session, rows, length), names)),
    );
    const other = new Map(second.map((value) => [value.name, value]));
    return new Map(
      first.map((value) => {
        const lengths = other.get(value.name)?.shape;
        const shape = value.shape?.map((length, axis) => (lengths?.[axis] === length ? length : null));
        return [value.name, { ...value, shape }];
      }),
    );
  } catch {
    // A model that refuses zeros of made-up lengths is described by what its file says.
    return new Map();
  }
}

function zeroFeeds(session: TeacherSession, rows: number, length: number): HostTensors {
  return Object.fromEntries(
    session.inputs.map(({ name, shape = [null] }) => {
      const lengths = shape.map((axis, i) => axis ?? (i === 0 ? rows : length));
      return [name, hostTensor('float32', lengths, zeros('float32', elementCount(lengths)))];
    }),
  );
}

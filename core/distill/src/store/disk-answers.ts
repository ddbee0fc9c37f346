// A teacher's answers on disk: a folder of shards an output.
import { join } from 'node:path';
import type { Answers, Batch, HostTensor, HostTensors, KeptOutput, TensorSpec } from '../contracts/index.js';
import { stack } from '../data/index.js';
import { Claims } from './claims.js';
import { encodingName, type Encoding } from './encoding.js';
import { rowsOf } from './memory-store.js';
import { OutputShards, type AboutAnswers } from './output-shards.js';
import type { StoreResources } from './shared.js';

/** What a store asks of a teacher: some of its outputs for a batch, the batch axis first. */
export type Ask = (batch: Batch, outputs: readonly string[]) => Promise<HostTensors>;

export interface DiskAnswersOptions {
  /** The store's folder. */
  readonly folder: string;
  /** Of teacher, data and transforms; 64 hexadecimal digits. */
  readonly key: string;
  readonly ask: Ask;
  /** The outputs that are read; no other is asked for. */
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  readonly encodingOf: (output: string) => Encoding;
  /** Examples of the data set. */
  readonly size: number;
  readonly about: AboutAnswers;
  readonly resources: StoreResources;
  readonly onDamaged: (path: string, reason: string) => void;
}

function keyFolder(folder: string, key: string): string {
  return join(folder, key.slice(0, 2), key);
}

/** A teacher's outputs for one data set: kept ones, and the teacher's where none are kept. */
export class DiskAnswers implements Answers {
  private readonly claims: Claims;

  private constructor(
    private readonly options: DiskAnswersOptions,
    private readonly shards: ReadonlyMap<string, OutputShards>,
  ) {
    const { folder, key } = options;
    this.claims = new Claims(join(keyFolder(folder, key), 'filling'));
  }

  static async open(options: DiskAnswersOptions): Promise<DiskAnswers> {
    const { folder, key, outputs, encodingOf, size, about, resources, onDamaged } = options;
    const shards = new Map<string, OutputShards>();
    for (const [output, spec] of Object.entries(outputs)) {
      const encoding = spec.dtype === 'float32' ? encodingOf(output) : 'float32';
      const own = join(keyFolder(folder, key), encodeURIComponent(output), encodingName(encoding));
      const request = { folder: own, key, output, spec, encoding, size, about, resources, onDamaged };
      shards.set(output, await OutputShards.open(request));
    }
    return new DiskAnswers(options, shards);
  }

  readonly keeps = true;

  get block(): number {
    return Math.max(1, ...[...this.shards.values()].map(({ shardRows }) => shardRows));
  }

  get kept(): readonly KeptOutput[] {
    return [...this.shards].map(([output, { encoding, cost }]) => ({
      output,
      encoding: encodingName(encoding),
      ...(cost ? { cost } : {}),
    }));
  }

  /** Bytes that are still to be written. */
  get bytesLeft(): number {
    return [...this.shards.values()].reduce((sum, shards) => sum + shards.bytesLeft, 0);
  }

  async missing(from: number, to: number): Promise<number[]> {
    const [first = [], ...others] = await Promise.all(
      [...this.shards.values()].map((shards) => shards.missing(from, to)),
    );
    if (others.every(({ length }) => length === 0) || first.length === to - from) return first;
    return [...new Set([first, others].flat(2))].sort((a, b) => a - b);
  }

  begin(from: number): boolean {
    return this.claims.take(from);
  }

  async fill(batch: Batch): Promise<void> {
    // Without a look at each example where all are there: this is in every training step.
    const all = [...this.shards.values()];
    if (batch.size === 0 || all.every(({ isComplete }) => isComplete)) return;
    // And where none is there, as labelling finds them.
    if (all.every((shards) => shards.lacksAll(batch.indices)))
      return this.ask(batch, [...this.shards.keys()]);
    const rows = new Map<string, number[]>();
    const seen = new Set<number>();
    for (const [row, index] of batch.indices.entries()) {
      if (seen.has(index)) continue;
      seen.add(index);
      for (const [output, shards] of this.shards) {
        if (shards.known(index) ?? (await shards.has(index))) continue;
        const list = rows.get(output) ?? [];
        list.push(row);
        rows.set(output, list);
      }
    }
    if (rows.size === 0) return;
    const asked = [...new Set([...rows.values()].flat())].sort((a, b) => a - b);
    const part = asked.length === batch.size ? batch : rowsOf(batch, asked);
    await this.ask(part, [...rows.keys()]);
  }

  private async ask(batch: Batch, outputs: readonly string[]): Promise<void> {
    const answers = await this.options.ask(batch, outputs);
    for (const output of outputs) {
      const tensor = answers[output];
      if (!tensor) throw new Error(`internal: the teacher left out \`${output}\``);
      await this.shards.get(output)?.put(batch.indices, tensor, answers[`${output}.length`]);
    }
  }

  /** All outputs for a batch, filled where they are not kept. Ragged ones are padded, with their lengths beside them. */
  async read(batch: Batch): Promise<HostTensors> {
    await this.fill(batch);
    const ragged = Object.fromEntries([...this.shards].filter(([, shards]) => shards.ragged));
    const whole = [...this.shards].filter(([, shards]) => !shards.ragged);
    const tensors = Object.fromEntries(whole.map(([name, shards]) => [name, shards.readAll(batch.indices)]));
    if (Object.keys(ragged).length === 0) return tensors;
    const examples = batch.indices.map((index) =>
      mapValues(ragged, (shards): HostTensor => shards.read(index)),
    );
    const specs = mapValues(ragged, (_, name) => this.options.outputs[name] as TensorSpec);
    return { ...tensors, ...stack(examples, specs, batch.indices, { name: 'teacher store' }).tensors };
  }

  async close(): Promise<void> {
    try {
      for (const shards of this.shards.values()) await shards.close();
    } finally {
      this.claims.close();
      this.options.resources.close();
    }
  }
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}

// A teacher's answers on disk: a folder of shards an output.
import { join } from 'node:path';
import type { Answers, Batch, HostTensor, HostTensors, TensorSpec } from '../contracts/index.js';
import { stack } from '../data/index.js';
import type { Encoding } from './encoding.js';
import type { EncodingError } from './divergence.js';
import { rowsOf } from './memory-store.js';
import { OutputShards } from './output-shards.js';

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
  /** Default `float32`. */
  readonly encoding?: Readonly<Record<string, Encoding>>;
  /** Examples of the data set. */
  readonly size: number;
  /** Bytes of shards that may stay in memory. Default 256 MiB. */
  readonly memory?: number;
  readonly onDamaged?: (path: string, reason: string) => void;
}

/** A teacher's outputs for one data set: kept ones, and the teacher's where none are kept. */
export class DiskAnswers implements Answers {
  private constructor(
    private readonly options: DiskAnswersOptions,
    private readonly shards: ReadonlyMap<string, OutputShards>,
  ) {}

  static async open(options: DiskAnswersOptions): Promise<DiskAnswers> {
    const { folder, key, outputs, encoding = {}, size, onDamaged = () => undefined } = options;
    const memory = { left: options.memory ?? 256 * 2 ** 20 };
    const shards = new Map<string, OutputShards>();
    for (const [output, spec] of Object.entries(outputs))
      shards.set(
        output,
        await OutputShards.open({
          folder: join(folder, key.slice(0, 2), key, encodeURIComponent(output)),
          key,
          output,
          spec,
          encoding: encoding[output] ?? 'float32',
          size,
          memory,
          onDamaged,
        }),
      );
    return new DiskAnswers(options, shards);
  }

  readonly keeps = true;

  get block(): number {
    return Math.max(1, ...[...this.shards.values()].map(({ shardRows }) => shardRows));
  }

  /** What each lossy encoding cost, by output; empty before anything was written here. */
  get errors(): Readonly<Record<string, EncodingError>> {
    return Object.fromEntries(
      [...this.shards].flatMap(([name, { measured }]) => (measured ? [[name, measured]] : [])),
    );
  }

  /** Examples from `from` up to `to` of which some output is not kept. */
  async missing(from: number, to: number): Promise<number[]> {
    const found: number[] = [];
    for (let index = from; index < to; index++) if ((await this.lacking(index)).length > 0) found.push(index);
    return found;
  }

  /** Asks the teacher about what is not kept of the batch, and keeps it. */
  private async fill(batch: Batch): Promise<void> {
    const rows = new Map<string, number[]>();
    const seen = new Set<number>();
    for (const [row, index] of batch.indices.entries()) {
      // Without waiting where nothing has to be opened: this is in every training step.
      if (seen.has(index) || this.complete(index)) continue;
      seen.add(index);
      for (const output of await this.lacking(index)) {
        const list = rows.get(output) ?? [];
        list.push(row);
        rows.set(output, list);
      }
    }
    if (rows.size === 0) return;
    const asked = [...new Set([...rows.values()].flat())].sort((a, b) => a - b);
    const part = asked.length === batch.size ? batch : rowsOf(batch, asked);
    const answers = await this.options.ask(part, [...rows.keys()]);
    for (const [output, shards] of this.shards) {
      if (!rows.has(output)) continue;
      const tensor = answers[output];
      if (!tensor) throw new Error(`internal: the teacher left out \`${output}\``);
      await shards.put(part.indices, tensor, answers[`${output}.length`]);
    }
  }

  /** All outputs for a batch, filled where they are not kept. Ragged ones are padded, with their lengths beside them. */
  async read(batch: Batch): Promise<HostTensors> {
    await this.fill(batch);
    const ragged = Object.fromEntries([...this.shards].filter(([, shards]) => shards.ragged));
    const examples = batch.indices.map((index) =>
      mapValues(ragged, (shards): HostTensor => shards.read(index)),
    );
    const specs = mapValues(ragged, (_, name) => this.options.outputs[name] as TensorSpec);
    const whole = [...this.shards].filter(([, shards]) => !shards.ragged);
    return {
      ...Object.fromEntries(whole.map(([name, shards]) => [name, shards.readAll(batch.indices)])),
      ...stack(examples, specs, batch.indices, { name: 'teacher store' }).tensors,
    };
  }

  close(): void {
    for (const shards of this.shards.values()) shards.close();
  }

  private complete(index: number): boolean {
    for (const shards of this.shards.values()) if (shards.known(index) !== true) return false;
    return true;
  }

  private async lacking(index: number): Promise<string[]> {
    const found: string[] = [];
    for (const [output, shards] of this.shards) if (!(await shards.has(index))) found.push(output);
    return found;
  }
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, name: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}

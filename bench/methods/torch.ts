// torchdistill's losses in a process of their own; see losses.py.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { LossNeeds } from 'potstill';

interface Reply {
  readonly versions?: Readonly<Record<string, string>>;
  readonly has?: boolean;
  readonly ms?: number;
  readonly error?: string;
}

export class TorchLosses {
  private readonly lines: AsyncIterator<string>;

  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    reader: Interface,
    readonly versions: Record<string, string> = {},
  ) {
    this.lines = reader[Symbol.asyncIterator]();
  }

  static async start(python: string, threads: number): Promise<TorchLosses> {
    const script = fileURLToPath(new URL('losses.py', import.meta.url));
    const child = spawn(python, [script, String(threads)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const peer = new TorchLosses(child, createInterface({ input: child.stdout }));
    Object.assign(peer.versions, (await peer.reply()).versions);
    return peer;
  }

  private async reply(): Promise<Reply> {
    const next = await this.lines.next();
    if (next.done === true) throw new Error('the process of torchdistill has ended');
    const reply = JSON.parse(next.value) as Reply;
    if (reply.error !== undefined) throw new Error(`torchdistill: ${reply.error}`);
    return reply;
  }

  private async ask(request: object): Promise<Reply> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    return this.reply();
  }

  /** On the outputs that ours reads. Undefined where torchdistill has no such loss. */
  async open(name: string, needs: LossNeeds): Promise<{ time(): Promise<number> } | undefined> {
    const { has } = await this.ask({ open: name, student: needs.student, teacher: needs.teacher });
    return has ? { time: async () => (await this.ask({ time: name })).ms ?? NaN } : undefined;
  }

  stop(): void {
    this.child.kill();
  }
}

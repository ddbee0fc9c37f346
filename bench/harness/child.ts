// A peer in a process of its own, so that thread pools and heaps of peers do not disturb one another.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import type { PeerCommand } from './peers.js';
import { mark, type Reply, type ReplyTo, type Request } from './protocol.js';

/** A peer that is not installed, cannot run the member, died or was too slow; the message is the note in the table. */
export class LeftOut extends Error {}

const alive = new Set<Child>();

let stopping = false;

/** Ends all peers at once; whoever waits for an answer waits for ever. Resolves when all have ended. */
export async function stopAll(): Promise<void> {
  stopping = true;
  for (const child of alive) child.end();
  await Promise.all([...alive].map(({ closed }) => closed));
}

export class Child {
  private readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly replies: Reply[] = [];
  private readonly chatter: string[] = [];
  private gone: string | undefined;
  private resume: () => void = () => undefined;
  readonly closed: Promise<void>;

  constructor({ command, args, env }: PeerCommand) {
    // A group of its own: what it has started itself (torch.compile's workers) ends with it.
    this.process = spawn(command, args, {
      stdio: 'pipe',
      env: { ...process.env, ...env },
      detached: process.platform !== 'win32',
    });
    alive.add(this);
    this.process.stdin.on('error', () => undefined);
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      if (!line.startsWith(mark)) return;
      this.replies.push(JSON.parse(line.slice(mark.length)) as Reply);
      this.wake();
    });
    createInterface({ input: this.process.stderr }).on('line', (line) => {
      this.chatter.push(line);
      if (this.chatter.length > 200) this.chatter.shift();
    });
    this.process.once('error', (error: NodeJS.ErrnoException) => {
      this.leave(error.code === 'ENOENT' ? `${command} was not found` : error.message);
      if (this.process.pid === undefined) alive.delete(this);
    });
    // `close` and not `exit`: the last lines have been read by then.
    this.closed = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        this.leave(`its process ended (${[signal ?? `exit code ${code}`, ...this.complaint()].join('; ')})`);
        alive.delete(this);
        resolve();
      });
    });
  }

  private wake(): void {
    if (!stopping) this.resume();
  }

  /** The line of stderr that most likely says why. */
  private complaint(): string[] {
    const line = this.chatter.find((one) => /^\w*Error\b/.test(one)) ?? this.chatter.at(-1);
    return line === undefined ? [] : [line.trim()];
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** What the process wrote to stderr, its last lines. */
  get said(): string {
    return this.chatter.join('\n');
  }

  private leave(reason: string): void {
    this.gone ??= reason;
    this.wake();
  }

  /** What the peer says of itself once it is loaded. Throws {@link LeftOut}. */
  ready(seconds: number): Promise<Extract<Reply, { reply: 'ready' }>> {
    return this.reply('ready', seconds);
  }

  /** Throws {@link LeftOut}, also after `seconds` without an answer; the process is ended then. */
  async ask<R extends Request>(request: R, seconds: number): Promise<ReplyTo<R['ask']>> {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    return (await this.reply(request.ask === 'first' ? 'first' : 'times', seconds)) as ReplyTo<R['ask']>;
  }

  private async reply<K extends Reply['reply']>(
    kind: K,
    seconds: number,
  ): Promise<Extract<Reply, { reply: K }>> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.wake();
    }, seconds * 1000);
    try {
      while (this.replies.length === 0) {
        if (late) throw new LeftOut(`no answer in ${seconds} s`);
        if (this.gone !== undefined) throw new LeftOut(this.gone);
        await new Promise<void>((resolve) => {
          this.resume = resolve;
        });
      }
    } catch (error) {
      this.end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    const reply = this.replies.shift() as Reply;
    if (reply.reply === 'cannot') throw new LeftOut(reply.reason);
    if (reply.reply !== kind) throw new Error(`internal: a peer replied ${reply.reply}, expected ${kind}`);
    return reply as Extract<Reply, { reply: K }>;
  }

  end(): void {
    const { pid } = this.process;
    if (pid === undefined || this.gone !== undefined) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
}

// The Node side of a peer's process: answers the benchmark's requests with a step that it is given.
import { createInterface } from 'node:readline';
import { mark, type Reply, type Request, warmShare } from '../harness/protocol.js';

export interface Stepper {
  /** Of the libraries that this peer is, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** How it runs, where that needs a word. */
  readonly remark?: string;
  /** One update on the next batch; gives the loss before it. */
  step(): Promise<number>;
}

/** Thrown by a peer that is not installed or lacks something that the member needs; the message is what the table says. */
export class Cannot extends Error {}

/** Command line of a peer's process: `PEER MEMBER THREADS RATE BATCHES`. */
export interface PeerArguments {
  readonly peer: string;
  readonly member: string;
  readonly threads: number;
  readonly rate: number;
  readonly batches: number;
}

function peerArguments([peer = '', member = '', ...numbers]: readonly string[]): PeerArguments {
  const [threads = NaN, rate = NaN, batches = NaN] = numbers.map(Number);
  if (![threads, rate, batches].every((x) => x > 0))
    throw new Error('usage: PEER MEMBER THREADS RATE BATCHES (the benchmark starts this; see npm run bench)');
  return { peer, member, threads, rate, batches };
}

const say = (message: Reply): void => {
  process.stdout.write(`${mark}${JSON.stringify(message)}\n`);
};

async function timed(step: () => Promise<number>): Promise<{ ms: number; loss: number }> {
  const begin = performance.now();
  const loss = await step();
  return { ms: performance.now() - begin, loss };
}

async function run(step: () => Promise<number>, seconds: number, most: number): Promise<number[]> {
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  if (most > 1)
    do await step();
    while (elapsed() < seconds * warmShare);
  const times: number[] = [];
  do times.push((await timed(step)).ms);
  while (times.length < most && elapsed() < seconds);
  return times;
}

/** Answers until stdin ends, which it also does when the benchmark dies. */
export async function serve(make: (at: PeerArguments) => Promise<Stepper>): Promise<never> {
  try {
    const stepper = await make(peerArguments(process.argv.slice(2)));
    const step = (): Promise<number> => stepper.step();
    const { versions, remark } = stepper;
    say({ reply: 'ready', versions, ...(remark !== undefined && { remark }) });
    for await (const line of createInterface({ input: process.stdin })) {
      const request = JSON.parse(line) as Request;
      if (request.ask === 'first') say({ reply: 'first', ...(await timed(step)) });
      else say({ reply: 'times', ms: await run(step, request.seconds, request.most) });
    }
  } catch (error) {
    if (!(error instanceof Cannot)) console.error(error);
    say({ reply: 'cannot', reason: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  }
  // Thread pools and servers of libraries would keep the process.
  process.exit();
}

// The benchmark's command line: what is asked for, or why it cannot be done.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { type PeerName, peerNames } from './peers.js';

export interface Options {
  readonly members: readonly string[];
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly peers: readonly PeerName[];
  readonly python: string;
  readonly json: string | undefined;
  readonly plot: string | undefined;
  readonly seconds: number;
  readonly limit: number;
  readonly pin: boolean;
  readonly cold: boolean;
}

/** Wrong use of the command line; exit code 2. */
export class UsageError extends Error {}

const cores = os.availableParallelism();

/** `titles`: of members by name. */
export function help(titles: ReadonlyMap<string, string>): string {
  const names = [...titles].map(([name, title]) => `    ${name.padEnd(12)} ${title}`);
  return `Milliseconds of one distillation step (forward, hard and soft loss, backward, update), potstill beside its peers:
for each member and number of threads all peers in turn, round after round, each in a process of its own.

usage: npm run bench -- [options]

  --members a,b      default: all of
${names.join('\n')}
  --threads 1,2      default: 1 and all processors (${cores})
  --peers a,b        default: ${peerNames.join(',')}
  --rounds N         default 5
  --seconds S        for which each peer runs in each round; default 2
  --limit S          a peer whose step takes longer is left out; default 120
  --python FILE      a Python with torch==2.13.0; default: POTSTILL_PYTHON, else python3
  --json FILE        results, rewritten after each member
  --plot FILE.svg    a picture of the results
  --no-pin           do not pin peers to as many processors as there are threads (done where there is taskset)
  --cold             instead: time from the definition of a step to the end of its first run, potstill alone,
                     without and with graphs in the engine's cache
  --help

examples:
  npm run bench -- --python venv/bin/python --json bench.json --plot bench.svg
  npm run bench -- --members mlp-64,cnn --threads 1 --rounds 3 --seconds 1
  npm run bench -- --members resnet-20 --peers potstill,torch
  npm run bench -- --cold --members resnet-20

A peer that is not installed or cannot run a member is left out with a line that says why. Exit codes: 0; 1 when potstill
failed or a peer turned out to train another network (its first loss differs); 2 for a wrong option; 130 after Ctrl-C.`;
}

export function chosen<T extends string>(
  option: string,
  text: string | undefined,
  names: readonly T[],
): readonly T[] {
  if (text === undefined) return names;
  const asked = text.split(',').map((word) => word.trim());
  return asked.map((word) => {
    const name = names.find((one) => one === word);
    if (name === undefined)
      throw new UsageError(`--${option}: there is no \`${word}\`; there are ${names.join(', ')}`);
    return name;
  });
}

export function number(option: string, text: string, whole: boolean): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0) || !Number.isFinite(value) || (whole && !Number.isInteger(value)))
    throw new UsageError(`--${option} is \`${text}\`; it is a ${whole ? 'whole ' : ''}number above 0`);
  return value;
}

function threadsOf(text: string | undefined): readonly number[] {
  if (text === undefined) return [...new Set([1, cores])];
  return text.split(',').map((word) => {
    const threads = number('threads', word, true);
    if (threads > cores)
      throw new UsageError(
        `--threads: ${threads} threads on ${cores} processors would measure their waiting`,
      );
    return threads;
  });
}

/** Throws {@link UsageError}. `undefined` when help was asked for. */
export function optionsOf(args: readonly string[], members: readonly string[]): Options | undefined {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        members: { type: 'string' },
        threads: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        peers: { type: 'string' },
        python: { type: 'string' },
        json: { type: 'string' },
        plot: { type: 'string' },
        seconds: { type: 'string', default: '2' },
        limit: { type: 'string', default: '120' },
        'no-pin': { type: 'boolean', default: false },
        cold: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return undefined;
  if (values.plot !== undefined && !values.plot.endsWith('.svg'))
    throw new UsageError(`--plot is \`${values.plot}\`; the picture is an SVG: FILE.svg`);
  if (values.plot !== undefined && values.cold) throw new UsageError('--cold draws no plot');
  return {
    members: chosen('members', values.members, members),
    threads: threadsOf(values.threads),
    rounds: number('rounds', values.rounds, true),
    peers: chosen('peers', values.peers, peerNames),
    python: values.python ?? process.env.POTSTILL_PYTHON ?? 'python3',
    json: values.json,
    plot: values.plot,
    seconds: number('seconds', values.seconds, false),
    limit: number('limit', values.limit, false),
    pin: !values['no-pin'],
    cold: values.cold,
  };
}

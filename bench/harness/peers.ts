// Who takes part in the benchmark, and how the process of each is started.
import { fileURLToPath } from 'node:url';

export const peerNames = [
  'potstill',
  'torch',
  'torch-compiled',
  'tfjs-node',
  'tfjs-wasm',
  'tfjs-cpu',
  'jax-js',
] as const;

export type PeerName = (typeof peerNames)[number];

/** Keys of a result in the JSON file. */
export type PeerKey = 'potstill' | 'torch' | 'torchCompiled' | 'tfjsNode' | 'tfjsWasm' | 'tfjsCpu' | 'jaxJs';

export interface Peer {
  readonly key: PeerKey;
  /** For tables. */
  readonly title: string;
  /** Its process, without the arguments that all take. */
  readonly process: 'potstill.ts' | 'tfjs.ts' | 'jax.ts' | 'serve.py';
  /** Compiles at the first step: that one may take long and says nothing of the others. */
  readonly compiles: boolean;
  /** Has one thread, whatever the setting. */
  readonly single: boolean;
}

export const peers: Readonly<Record<PeerName, Peer>> = {
  potstill: { key: 'potstill', title: 'potstill', process: 'potstill.ts', compiles: true, single: false },
  torch: { key: 'torch', title: 'PyTorch', process: 'serve.py', compiles: false, single: false },
  'torch-compiled': {
    key: 'torchCompiled',
    title: 'torch.compile',
    process: 'serve.py',
    compiles: true,
    single: false,
  },
  'tfjs-node': { key: 'tfjsNode', title: 'tfjs-node', process: 'tfjs.ts', compiles: false, single: false },
  'tfjs-wasm': { key: 'tfjsWasm', title: 'TF.js wasm', process: 'tfjs.ts', compiles: false, single: true },
  'tfjs-cpu': { key: 'tfjsCpu', title: 'TF.js cpu', process: 'tfjs.ts', compiles: false, single: true },
  'jax-js': { key: 'jaxJs', title: 'jax-js', process: 'jax.ts', compiles: true, single: true },
};

/** What a peer of one member and one number of threads is started with. */
export interface PeerSetting {
  readonly name: PeerName;
  readonly member: string;
  readonly threads: number;
  readonly rate: number;
  readonly batches: number;
  /** A Python with torch. */
  readonly python: string;
  /** Where the member's weights and batches were written (bench/members/dump.ts). */
  readonly dump: string;
}

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the benchmark's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Arguments of Node for a peer in TypeScript: the packages' source, as in tests. */
export const typescript = ['--conditions=potstill-source', '--import', 'tsx'] as const;

/** How a peer's process is started; `cpus`: pinned to these by taskset. */
export function commandOf(setting: PeerSetting, cpus: readonly number[] | undefined): PeerCommand {
  const { name, member, threads, rate, batches, python, dump } = setting;
  const script = peers[name].process;
  const bare =
    script === 'serve.py'
      ? [python, path(`torch/${script}`), name, member, threads, rate, batches, dump]
      : [process.execPath, ...typescript, path(`peers/${script}`), name, member, threads, rate, batches];
  const words = (cpus ? ['taskset', '-c', cpus.join(','), ...bare] : bare).map(String);
  const count = String(threads);
  return {
    command: words[0] as string,
    args: words.slice(1),
    env: {
      // tfjs-node has no option of its own; PyTorch is told again by torch.set_num_threads.
      TF_NUM_INTRAOP_THREADS: count,
      TF_CPP_MIN_LOG_LEVEL: '2',
      OMP_NUM_THREADS: count,
      MKL_NUM_THREADS: count,
    },
  };
}

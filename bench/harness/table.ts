// A benchmark's results as Markdown.
import type { Machine } from './machine.js';
import { type PeerKey, type PeerName, peers } from './peers.js';
import { bestTorch, type ColdResult, type Result } from './results.js';
import { geometricMean } from './statistics.js';

const ms = (x: number | null): string => (x === null ? '–' : x >= 100 ? x.toFixed(0) : x.toPrecision(3));

const times = (x: number | null): string => (x === null ? '–' : x.toFixed(2));

export const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export const head = (cells: readonly string[], words: number): string[] => [
  row(cells),
  row(cells.map((_, i) => (i < words ? '---' : '--:'))),
];

export function machineLine({ cpu, cores, flags, memoryGb, os, versions }: Machine): string {
  const known = flags ? ` (${flags.join(' ') || 'none of the flags that tell'})` : '';
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}${known}, ${cores} processors, ${memoryGb} GB, ${os}; ${list.join(', ')}`;
}

/** `a / b`; null unless both are there. */
const ratio = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : a / b;

/** Geometric mean of ratios that are there. */
function mean(title: string, ratios: readonly (number | null)[]): string[] {
  const there = ratios.filter((x) => x !== null);
  return there.length === 0
    ? []
    : [`- ${title}: ${geometricMean(there).toFixed(2)} (${there.length} of ${ratios.length})`];
}

/** Milliseconds of each peer, potstill's ratio to the better PyTorch (below 1: faster), geometric means, notes. */
export function resultsTable(names: readonly PeerName[], results: readonly Result[]): string {
  const chosen = names.map((name) => peers[name]);
  const titles = chosen.map(({ title }) => title);
  const rows = results.map((result) =>
    row([
      result.member,
      String(result.threads),
      ...chosen.map(({ key }) => ms(result[key])),
      times(ratio(result.potstill, bestTorch(result))),
    ]),
  );
  const settings = [...new Set(results.map(({ threads }) => threads))];
  const means = [...settings, undefined].flatMap((threads) => {
    if (threads === undefined && settings.length === 1) return [];
    const those = results.filter((result) => threads === undefined || result.threads === threads);
    const when = threads === undefined ? 'all' : `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    const others = chosen.filter(
      ({ key }) => !(['potstill', 'torch', 'torchCompiled'] as PeerKey[]).includes(key),
    );
    return [
      ...mean(
        `${when}: potstill / best PyTorch`,
        those.map((result) => ratio(result.potstill, bestTorch(result))),
      ),
      ...others.flatMap(({ key, title }) =>
        mean(
          `${when}: ${title} / potstill`,
          those.map((result) => ratio(result[key], result.potstill)),
        ),
      ),
    ];
  });
  const notes = results.flatMap(({ member, threads, notes: why, remarks }) =>
    chosen.flatMap(({ key, title }) =>
      [why[key], remarks[key]].flatMap((note) =>
        note === undefined
          ? []
          : [{ note: note.startsWith(title) ? note : `${title}: ${note}`, at: `${member} (${threads})` }],
      ),
    ),
  );
  const grouped = group(notes);
  return [
    'Milliseconds of one step (median), and potstill as a multiple of the better PyTorch (below 1: faster).',
    '',
    ...head(['member', 'threads', ...titles, 'potstill / best PyTorch'], 1),
    ...rows,
    ...(means.length > 0 ? ['', 'Geometric means of ratios:', '', ...means] : []),
    ...(grouped.size > 0 ? ['', 'Notes:', ''] : []),
    ...[...grouped].map(([note, where]) => `- ${note}: ${where.join(', ')}`),
  ].join('\n');
}

function group(notes: readonly { readonly note: string; readonly at: string }[]): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { note, at } of notes) grouped.set(note, [...(grouped.get(note) ?? []), at]);
  return grouped;
}

/** Milliseconds from a definition to the end of its first step, by stage. */
export function coldTable(results: readonly ColdResult[]): string {
  return [
    'Milliseconds from the definition of a step to the end of its first run (median).',
    '',
    ...head(
      ['member', 'threads', 'cache', 'record, lower, passes, cache', 'compile', 'first run', 'together'],
      1,
    ),
    ...results.map(({ member, threads, cache, record, compile, run, total }) =>
      row([member, String(threads), cache, ...[record, compile, run, total].map(ms)]),
    ),
  ].join('\n');
}

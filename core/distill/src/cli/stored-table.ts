// Stored answers as a table and as JSON.
import type { StoredOutput } from '../store/index.js';
import { bytes, duration } from '../text/quantities.js';

const headings = ['id', 'teacher', 'data', 'answers', 'size', 'used', 'by', 'encoding cost'];

/** One line an output, and the sum. `now` in milliseconds since 1970. */
export function storedTable(all: readonly StoredOutput[], now: number): string {
  const rows = all.map((stored) => {
    const { id, manifest, uses, lastUsed } = stored;
    const { cost } = manifest ?? {};
    return [
      id,
      manifest?.teacher ?? '?',
      manifest?.data ?? '?',
      answersText(stored),
      bytes(stored.bytes),
      lastUsed === 0 ? 'never' : `${duration(Math.max(0, now - lastUsed) / 1000)} ago`,
      Object.keys(uses).sort().join(', '),
      cost ? `KL ${cost.mean.toExponential(1)}, at most ${cost.largest.toExponential(1)}` : '',
    ];
  });
  const lines = [headings, ...rows];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const total = all.reduce((sum, stored) => sum + stored.bytes, 0);
  return [
    ...lines.map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    `${bytes(total)} in all`,
  ].join('\n');
}

function answersText({ manifest, answers, size, complete }: StoredOutput): string {
  if (!manifest) return 'no manifest';
  const count = (value: number) => value.toLocaleString('en');
  return complete ? count(size) : `${count(answers)} of ${count(size)}`;
}

export function storedJson({
  id,
  folder,
  manifest,
  answers,
  size,
  complete,
  bytes: used,
  uses,
}: StoredOutput): object {
  const { teacher = null, data = null, encoding = null, output = null, shape = null, cost } = manifest ?? {};
  return {
    event: 'stored',
    id,
    folder,
    teacher,
    data,
    output,
    shape,
    encoding,
    answers,
    size,
    complete,
    bytes: used,
    uses: Object.fromEntries(
      Object.entries(uses).map(([name, time]) => [name, new Date(time).toISOString()]),
    ),
    cost: cost ?? null,
  };
}

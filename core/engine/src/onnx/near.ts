// Names that a mistyped one may have meant.

/** Up to `count` of `names` nearest to `name`: those that contain it first, then by edit distance. */
export function nearest(name: string, names: Iterable<string>, count = 3): string[] {
  const wanted = name.toLowerCase();
  return [...names]
    .map((candidate) => {
      const lower = candidate.toLowerCase();
      // Very short names are within everything.
      const part = lower.length > 2 && (lower.includes(wanted) || wanted.includes(lower));
      return { candidate, distance: distance(wanted, lower), part };
    })
    .filter(({ distance: d, part }) => part || d <= Math.max(2, wanted.length / 2))
    .sort((a, b) => Number(b.part) - Number(a.part) || a.distance - b.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] as number) + 1,
          (next[j - 1] as number) + 1,
          (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] as number;
}

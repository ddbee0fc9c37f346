// Class names: when two are the same, and how a list of them is written for people.

/** A class name in the Unicode form (NFC) in which names are compared, sorted and kept. */
export function className(name: string): string {
  return name.normalize('NFC');
}

/** Position of a name among class names, or -1. The Unicode form does not matter. */
export function classIndex(labels: readonly string[], name: string): number {
  const wanted = className(name);
  return labels.findIndex((label) => className(label) === wanted);
}

/** Whether two lists name the same classes in the same order. */
export function sameClasses(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => className(name) === className(b[i] as string));
}

/** What a name looks like: compatibility forms, spaces and invisible characters taken away. */
function looksOf(name: string): string {
  return name.normalize('NFKC').replace(/[\p{Cc}\p{Cf}\p{Z}]+/gu, '');
}

function codePoints(name: string): string {
  return [...name]
    .map((char) => `U+${(char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}`)
    .join(' ');
}

const shown = 20;

/**
 * Names as a message lists them, up to 20. One that looks like another name among `others` is followed by its code
 * points, so that a reader sees why they differ.
 */
export function classList(names: readonly string[], others: readonly string[] = []): string {
  const looks = new Map<string, Set<string>>();
  for (const name of [...names, ...others]) {
    const key = looksOf(name);
    const alike = looks.get(key) ?? new Set();
    looks.set(key, alike.add(name));
  }
  const text = (name: string): string =>
    (looks.get(looksOf(name))?.size ?? 0) > 1 ? `${name} (${codePoints(name)})` : name;
  const rest = names.length - shown;
  return names.slice(0, shown).map(text).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

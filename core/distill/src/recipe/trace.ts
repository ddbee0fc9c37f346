// Recipe data in which every value knows where it was written, through `extends` and `--set`.
import path from 'node:path';
import type { SourceLocation } from '../errors/potstill-error.js';
import { sourceFrame } from '../errors/frame.js';

/** A text that recipe values come from: a file, or one `--set` of the command line. */
export interface Source {
  /** Absolute path; undefined for the command line. */
  readonly file: string | undefined;
  /** What errors call it. */
  readonly label: string;
  readonly text: string;
}

/** A span of a source's text, as offsets. */
export interface Place {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface TracedScalar {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  readonly at: Place;
}

export interface TracedList {
  readonly kind: 'list';
  readonly items: readonly Traced[];
  readonly at: Place;
}

export interface TracedEntry {
  readonly key: Place;
  readonly value: Traced;
}

export interface TracedMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, TracedEntry>;
  readonly at: Place;
}

export type Traced = TracedScalar | TracedList | TracedMap;

export type Path = readonly (string | number)[];

/** The plain data. */
export function toData(node: Traced): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(toData);
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toData(entry.value)]));
  }
}

interface Step {
  readonly node: Traced;
  readonly key: Place | undefined;
}

function child(node: Traced, key: string | number): Step | undefined {
  if (node.kind === 'map') {
    const entry = node.entries.get(String(key));
    return entry && { node: entry.value, key: entry.key };
  }
  if (node.kind === 'list') {
    const item = node.items[Number(key)];
    return item && { node: item, key: undefined };
  }
  return undefined;
}

/** The node at a path, or undefined. */
export function nodeAt(root: Traced, where: Path): Traced | undefined {
  let node: Traced | undefined = root;
  for (const key of where) node = node && child(node, key)?.node;
  return node;
}

/** Where a path is written: its key, or its value. A path that is not there is placed at the key of the nearest map above it. */
export function placeOf(root: Traced, where: Path, part: 'key' | 'value'): Place {
  let at: Step = { node: root, key: undefined };
  for (const key of where) {
    const next = child(at.node, key);
    if (next === undefined) return above(at);
    at = next;
  }
  if (part === 'key') return at.key ?? at.node.at;
  return above(at);
}

/** A whole map or list is shown by its key; without a key (in a list, at the root) by its first word. */
function above({ node, key }: Step): Place {
  if (node.kind === 'scalar') return node.at;
  if (key !== undefined) return key;
  if (node.kind === 'map') return node.entries.values().next().value?.key ?? node.at;
  return node.at;
}

/** A source's lines, and the offset at which each begins. Kept, since a recipe may have many errors. */
interface Lines {
  readonly texts: readonly string[];
  readonly starts: readonly number[];
}

const known = new WeakMap<Source, Lines>();

function linesOf(source: Source): Lines {
  const ready = known.get(source);
  if (ready !== undefined) return ready;
  const parts = source.text.split('\n');
  let start = 0;
  const starts = parts.map((text) => {
    const here = start;
    start += text.length + 1;
    return here;
  });
  const lines = { texts: parts.map((text) => text.replace(/\r$/, '')), starts };
  known.set(source, lines);
  return lines;
}

/** Index, from 0, of the line that holds an offset. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Location and frame of a place. The marker stays on the first line of the span. */
export function locate(place: Place): { readonly location: SourceLocation; readonly frame: string } {
  const { source, start, end } = place;
  const { texts, starts } = linesOf(source);
  const index = lineAt(starts, start);
  const offset = start - (starts[index] as number);
  const span = (texts[index] as string).slice(offset, offset + end - start);
  const at = { line: index + 1, column: offset + 1, length: Math.max(1, span.trimEnd().length) };
  return {
    location: { file: source.label, ...at },
    frame: sourceFrame(texts, at, source.file !== undefined),
  };
}

/** How a file is called in errors: relative to `cwd` when it lies below it. */
export function displayPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  const outside = relative === '' || relative.startsWith('..') || path.isAbsolute(relative);
  return outside ? file : relative.split(path.sep).join('/');
}

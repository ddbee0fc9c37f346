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

/** Line and column, from 1, of an offset. */
function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}

/** Location and frame of a place. The marker stays on the first line of the span. */
export function locate(place: Place): { readonly location: SourceLocation; readonly frame: string } {
  const { source, start, end } = place;
  const { line, column } = position(source.text, start);
  const span = source.text.slice(start, end).split(/\r?\n/)[0] ?? '';
  const length = Math.max(1, span.trimEnd().length);
  return {
    location: { file: source.label, line, column, length },
    frame: sourceFrame(source.text, { line, column, length }, source.file !== undefined),
  };
}

/** How a file is called in errors: relative to `cwd` when it lies below it. */
export function displayPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  const outside = relative === '' || relative.startsWith('..') || path.isAbsolute(relative);
  return outside ? file : relative.split(path.sep).join('/');
}

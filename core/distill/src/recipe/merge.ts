// `extends`: the deep merge of a recipe over the one it extends.
import { slotAt } from './slots.js';
import type { Path, Traced, TracedMap } from './trace.js';

function chosen(map: TracedMap): string | undefined {
  for (const key of ['use', 'recipe', 'checkpoint']) {
    const value = map.entries.get(key)?.value;
    if (value?.kind === 'scalar') return `${key} ${String(value.value)}`;
  }
  return undefined;
}

/** A component written as a bare name, as the map that it stands for. */
export function asComponentMap(node: Traced, path: Path): Traced {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || slotAt(path) === undefined) return node;
  return { kind: 'map', at: node.at, entries: new Map([['use', { key: node.at, value: node }]]) };
}

/**
 * Maps are merged key by key; lists and scalars are replaced. A map that chooses another component (`use`, or a
 * `recipe` or `checkpoint` of a teacher or of `begin`) replaces the whole map, since the old one's options are not its own. `key: null` removes what the
 * base has there.
 */
export function mergeTraced(base: Traced, over: Traced, path: Path = []): Traced {
  if (over.kind !== 'map') return over;
  const below = asComponentMap(base, path);
  if (below.kind !== 'map') return over;
  const choice = chosen(over);
  if (choice !== undefined && choice !== chosen(below)) return over;
  const entries = new Map(below.entries);
  for (const [key, entry] of over.entries) {
    const old = entries.get(key);
    if (old === undefined) {
      entries.set(key, entry);
    } else if (entry.value.kind === 'scalar' && entry.value.value === null) {
      entries.delete(key);
    } else {
      entries.set(key, { key: entry.key, value: mergeTraced(old.value, entry.value, [...path, key]) });
    }
  }
  return { kind: 'map', at: over.at, entries };
}

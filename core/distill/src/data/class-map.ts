// Class maps: several classes as one, classes renamed, classes left out.
import type { DataDescription } from '../contracts/index.js';
import { classIndex, className } from './classes.js';

/**
 * A class to the class that it counts as; null: its examples are left out. Classes that are not named count as what `*`
 * says; without it they stay.
 */
export type ClassMap = Readonly<Record<string, string | null>>;

/** Stands for all classes that a map does not name. */
const others = '*';

/** What a class map makes of a list of classes. */
export interface MappedClasses {
  /** Class names afterwards, in the order in which they first stand for a class. */
  readonly labels: readonly string[];
  /** The new number of each class; -1: left out. */
  readonly numbers: readonly number[];
}

export function mapClassNames(labels: readonly string[], map: ClassMap): MappedClasses {
  const names = Object.keys(map);
  const meant = labels.map((label) => {
    const at = classIndex(names, label);
    const to = at >= 0 ? map[names[at] as string] : others in map ? map[others] : label;
    return to === null || to === undefined ? null : className(to);
  });
  const after = [...new Set(meant.filter((name) => name !== null))];
  return { labels: after, numbers: meant.map((name) => (name === null ? -1 : after.indexOf(name))) };
}

/** A name of the map that is no class of the data. */
export function unknownInMap(
  { labels = [] }: Pick<DataDescription, 'labels'>,
  map: ClassMap,
): string | undefined {
  return Object.keys(map).find((name) => name !== others && classIndex(labels, name) < 0);
}

// `--set path=value`: values of the command line over those of the recipe.
import { asComponentMap } from './merge.js';
import { pathText, type Problem } from './problems.js';
import { readYaml } from './read-yaml.js';
import type { Path, Place, Source, Traced } from './trace.js';
import { deepest } from './yaml-document.js';

const prefix = '--set ';

interface Segment {
  readonly key: string;
  readonly place: Place;
}

/** A refused override: what is wrong, and under which part of it the marker goes. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly place: Place,
    readonly hint?: string,
  ) {
    super(message);
  }
}

function parse(source: Source): { readonly segments: readonly Segment[]; readonly value: Traced } {
  const text = source.text.slice(prefix.length);
  const equals = text.indexOf('=');
  const whole: Place = { source, start: prefix.length, end: source.text.length };
  if (equals < 1) {
    throw new Refused(
      `\`${text}\` does not have the form path=value`,
      whole,
      'such as train.epochs=5 or losses.0.weight=0.5',
    );
  }
  let start = prefix.length;
  const segments = text
    .slice(0, equals)
    .split('.')
    .map((key, index): Segment => {
      if (index >= deepest) throw new Refused(`the path has more than ${deepest} parts`, whole);
      const place = { source, start, end: start + key.length };
      start += key.length + 1;
      if (key === '' || key === '__proto__')
        throw new Refused('a part of the path is empty or not allowed', whole);
      return { key, place };
    });
  const { root, problems } = readYaml(source, text.slice(equals + 1), prefix.length + equals + 1);
  const [problem] = problems;
  if (problem !== undefined) {
    throw new Refused(problem.record.message, problem.place ?? whole, problem.record.hint);
  }
  return { segments, value: root };
}

function assign(node: Traced | undefined, segments: readonly Segment[], value: Traced, path: Path): Traced {
  const [segment, ...rest] = segments;
  if (segment === undefined) return value;
  const name = pathText(path);
  const target = node && asComponentMap(node, path);
  if (target?.kind === 'list') {
    const index = /^\d+$/.test(segment.key) ? Number(segment.key) : -1;
    const item = target.items[index];
    if (item === undefined) {
      const last = target.items.length - 1;
      const right =
        last < 0 ? 'it is empty' : last === 0 ? 'the only index is 0' : `indexes are 0 to ${last}`;
      throw new Refused(`\`${name}\` is a list without entry \`${segment.key}\`: ${right}`, segment.place);
    }
    const changed = assign(item, rest, value, [...path, index]);
    return { ...target, items: target.items.map((old, at) => (at === index ? changed : old)) };
  }
  if (target?.kind === 'scalar') {
    const found = JSON.stringify(target.value);
    throw new Refused(`\`${name}\` is ${found} and has no key \`${segment.key}\``, segment.place);
  }
  const entries = new Map(target?.entries);
  const old = entries.get(segment.key);
  if (rest.length === 0 && value.kind === 'scalar' && value.value === null) {
    entries.delete(segment.key);
  } else {
    const child = assign(old?.value, rest, value, [...path, segment.key]);
    entries.set(segment.key, { key: rest.length === 0 || !old ? segment.place : old.key, value: child });
  }
  return { kind: 'map', at: target?.at ?? segment.place, entries };
}

/** The recipe with `value` at a dotted path. `place` is where the path is written. What cannot be is `Refused`. */
export function assignAt(root: Traced, path: string, value: Traced, place: Place): Traced {
  const segments = path.split('.').map((key): Segment => {
    if (key === '' || key === '__proto__')
      throw new Refused(`the path \`${path}\` has an empty or forbidden part`, place);
    return { key, place };
  });
  return assign(root, segments, value, []);
}

/**
 * Applies the overrides in order. `path` is dotted, with the index for an entry of a list; the value is read as YAML, and
 * `null` removes the key. Maps on the way are made when they are missing; a component written as a bare name becomes the
 * map that it stands for. What is refused is left out and reported.
 */
export function applyOverrides(
  root: Traced,
  set: readonly string[],
): { readonly root: Traced; readonly sources: readonly Source[]; readonly problems: readonly Problem[] } {
  const sources: Source[] = [];
  const problems: Problem[] = [];
  let current = root;
  for (const text of set) {
    const source: Source = { file: undefined, label: 'command line', text: prefix + text };
    sources.push(source);
    try {
      const { segments, value } = parse(source);
      current = assign(current, segments, value, []);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      const record = { code: 'RECIPE_BAD_OVERRIDE', message: error.message, ...hint } as const;
      problems.push({ record, path: [], place: error.place });
    }
  }
  return { root: current, sources, problems };
}

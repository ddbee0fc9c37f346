// `stages` as plain data again: each stage as its changes of the last one's recipe.
import { canonicalJson } from './plain-data.js';
import { isRecord } from './slots.js';
import { stageKeys } from './stages-schema.js';

type Data = Readonly<Record<string, unknown>>;

/** What `target` changes of `base`, as `extends` and `stages` merge it. Undefined: nothing. */
function changes(base: unknown, target: unknown): unknown {
  if (canonicalJson(base) === canonicalJson(target)) return undefined;
  if (!isRecord(base) || !isRecord(target)) return target;
  // A map that chooses another component replaces the whole.
  if (['use', 'recipe', 'checkpoint'].some((key) => base[key] !== target[key])) return target;
  const changed = Object.entries(target).flatMap(([key, value]): [string, unknown][] => {
    if (!Object.hasOwn(base, key)) return [[key, value]];
    const own = changes(base[key], value);
    return own === undefined ? [] : [[key, own]];
  });
  const gone = Object.keys(base).filter((key) => !Object.hasOwn(target, key));
  return Object.fromEntries([...changed, ...gone.map((key) => [key, null])]);
}

/** The stage `name` with the recipe `target`, over the recipe `base`. */
export function resolvedStage(name: string, base: Data, target: Data, except: readonly string[]): Data {
  const own = stageKeys.flatMap((key): [string, unknown][] => {
    if (!Object.hasOwn(target, key)) return Object.hasOwn(base, key) ? [[key, null]] : [];
    const changed = changes(base[key], target[key]);
    return changed === undefined ? [] : [[key, changed]];
  });
  return { name, ...(except.length > 0 ? { begin: { except } } : {}), ...Object.fromEntries(own) };
}

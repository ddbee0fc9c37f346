// What differs between the recipe of a run and the recipe now, in words.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Plan } from '../recipe/plan.js';
import { resolvedRecipe } from '../recipe/resolved.js';
import { beginRecipeFile, resolvedRecipeFile, teacherRecipeFile } from './names.js';
import type { RunIdentity } from './run-files.js';
import type { PlannedRun } from './teachers.js';

/** How many are told one by one. */
const told = 4;

/** Keys that decide no weights. */
const without = /^(stages\.\d+\.)?(description|threads|preflight|baseline|export|data\.test)(\.|$)/;

/** Keys in which a folder's run differs so that its trained weights are not those of `identity`. */
export function differingKeys(found: RunIdentity, identity: Partial<RunIdentity>): (keyof RunIdentity)[] {
  const passed = found.trainHash === undefined ? 'trainHash' : 'recipeHash';
  return (Object.keys(identity) as (keyof RunIdentity)[]).filter(
    (key) => key !== passed && found[key] !== identity[key],
  );
}

/** Says how the run in `folder` differs: `train.epochs` was 3 and is now 4. */
export async function differences(
  folder: string,
  found: RunIdentity,
  identity: RunIdentity,
  planned: PlannedRun,
): Promise<string> {
  const words: string[] = [];
  const keys = differingKeys(found, identity);
  if (keys.includes('trainHash') || keys.includes('recipeHash'))
    words.push(
      ...(await recipeWords(join(folder, resolvedRecipeFile), planned.recipe.plan, 'the recipe', '')),
    );
  if (keys.includes('teacherHash'))
    words.push(
      ...(await recipeWords(
        join(folder, teacherRecipeFile),
        planned.teacher?.recipe.plan,
        "the teacher's recipe",
        'teacher: ',
      )),
    );
  if (keys.includes('beginHash')) words.push(...(await beginWords(folder, planned)));
  if (keys.includes('versions')) words.push(...versionWords(found.versions, identity.versions));
  for (const key of ['name', 'seed', 'backend', 'threads'] as const)
    if (
      keys.includes(key) &&
      !words.some((word) => word.startsWith(`\`train.${key}\``) || word.startsWith(`\`${key}\``))
    )
      words.push(changed(key, found[key], identity[key]));
  const rest = words.length - told;
  return [...words.slice(0, told), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

function beginWords(folder: string, { recipe, begin }: PlannedRun): Promise<string[]> | string[] {
  // recipe.yaml of a stage holds those before it.
  if (recipe.plan.begin?.kind === 'stage') return [];
  if (begin?.kind === 'run')
    return recipeWords(
      join(folder, beginRecipeFile),
      begin.run.recipe.plan,
      'the recipe to begin from',
      'begin: ',
    );
  return recipe.plan.begin ? [`the weights of ${recipe.plan.begin.written} are others`] : [];
}

async function recipeWords(
  file: string,
  plan: Plan | undefined,
  what: string,
  prefix: string,
): Promise<string[]> {
  const before = await readFile(file, 'utf8').then(readData, () => undefined);
  const now = plan && flat(resolvedRecipe(plan));
  if (!before || !now) return [`${what} is another`];
  const was = flat(before);
  const paths = [...new Set([...was.keys(), ...now.keys()])].filter(
    (path) => was.get(path) !== now.get(path),
  );
  const deciding = paths.filter((path) => !without.test(path));
  return deciding.length > 0
    ? deciding.map((path) => `${prefix}${changed(path, was.get(path), now.get(path))}`)
    : [`${what} is another`];
}

function readData(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/** Dotted path -> value as JSON, of everything that is neither a map nor a list. */
function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) {
    if (value !== undefined) into.set(path, JSON.stringify(value));
    return into;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) into.set(path, Array.isArray(value) ? '[]' : '{}');
  for (const [key, part] of entries) flat(part, path === '' ? key : `${path}.${key}`, into);
  return into;
}

function changed(path: string, was: Said, is: Said): string {
  const say = (value: Said) => value ?? 'not there';
  return `\`${path}\` was ${say(was)} and is now ${say(is)}`;
}

type Said = string | number | null | undefined;

/** Versions are recorded as JSON: package -> version. */
function versionWords(was: string, now: string): string[] {
  const [before, after] = [flat(readData(was)), flat(readData(now))];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => {
      const say = (value: string | undefined) =>
        value === undefined ? 'not used' : value.replaceAll('"', '');
      return `${name} was ${say(before.get(name))} and is now ${say(after.get(name))}`;
    });
}

// A recipe file and those it extends, read and merged.
import path from 'node:path';
import { mergeTraced } from './merge.js';
import { fail, throwProblems } from './problems.js';
import { fileFault, readRecipeText, Unreadable } from './read-text.js';
import { readYaml } from './read-yaml.js';
import { displayPath, type Place, type Source, type Traced, type TracedMap } from './trace.js';

async function readText(file: string, label: string, askedAt: Place | undefined): Promise<string> {
  try {
    return await readRecipeText(file);
  } catch (error) {
    const unreadable = error instanceof Unreadable;
    const reason = unreadable ? error.message : fileFault(error);
    const hint = unreadable && error.hint !== undefined ? { hint: error.hint } : {};
    return fail(
      askedAt === undefined
        ? {
            record: {
              code: unreadable ? 'RECIPE_SYNTAX' : 'RECIPE_NOT_FOUND',
              message: `cannot read the recipe ${label}: ${reason}`,
              ...hint,
            },
            path: [],
          }
        : {
            record: { code: 'RECIPE_EXTENDS', message: `cannot extend ${label}: ${reason}`, ...hint },
            path: [],
            place: askedAt,
          },
    );
  }
}

function rootMap(root: Traced, source: Source): TracedMap {
  if (root.kind === 'map') return root;
  const found =
    root.kind === 'list' ? 'a list' : root.value === null ? 'nothing' : `\`${String(root.value)}\``;
  const record = {
    code: 'RECIPE_SYNTAX',
    message: `a recipe is a map of keys such as \`name:\` and \`data:\`, and ${source.label} contains ${found}`,
  } as const;
  return fail({ record, path: [], place: root.at });
}

/**
 * Reads a recipe and what it extends, the nearer over the farther; paths in `extends` start at the file that has it.
 * `sources` has the recipe first. Throws RECIPE_NOT_FOUND, RECIPE_SYNTAX or RECIPE_EXTENDS.
 */
export async function readChain(
  file: string,
  cwd: string,
  askedAt?: Place,
  below: readonly string[] = [],
): Promise<{ readonly root: TracedMap; readonly sources: readonly Source[] }> {
  const label = displayPath(file, cwd);
  if (askedAt !== undefined && below.includes(file)) {
    const circle = [...below.slice(below.indexOf(file)), file].map((name) => displayPath(name, cwd));
    const message = `recipes extend each other in a cycle: ${circle.join(' -> ')}`;
    fail({ record: { code: 'RECIPE_EXTENDS', message }, path: [], place: askedAt });
  }
  const source: Source = { file, label, text: await readText(file, label, askedAt) };
  const { root, problems } = readYaml(source);
  throwProblems(problems, undefined, [source]);
  const own = rootMap(root, source);

  const link = own.entries.get('extends');
  if (link === undefined) return { root: own, sources: [source] };
  const target = link.value;
  if (target.kind !== 'scalar' || typeof target.value !== 'string') {
    const message = '`extends` must be the path of one recipe, as text';
    return fail({ record: { code: 'RECIPE_WRONG_TYPE', message }, path: ['extends'] }, own);
  }
  const base = await readChain(path.resolve(path.dirname(file), target.value), cwd, target.at, [
    ...below,
    file,
  ]);
  const entries = new Map(own.entries);
  entries.delete('extends');
  const merged = mergeTraced(base.root, { ...own, entries });
  return { root: merged as TracedMap, sources: [source, ...base.sources] };
}

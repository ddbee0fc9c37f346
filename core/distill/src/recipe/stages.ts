// `stages`: the recipe of each stage, whose values keep the place where they are written.
import { mergeTraced } from './merge.js';
import { pathText, type Problem } from './problems.js';
import { nodeAt, placeOf, type Path, type Traced, type TracedMap } from './trace.js';

/** The recipe of one stage. */
export interface WrittenStage {
  /** Name of the recipe. */
  readonly recipe: string;
  /** Name of the stage. */
  readonly name: string;
  readonly root: Traced;
  /** `begin.except` of a stage that takes up another's student; undefined: it begins as the recipe says. */
  readonly except: readonly string[] | undefined;
  /** Problems of this root, as those of the recipe. */
  ownProblems(found: readonly Problem[]): Problem[];
}

/** What stands in the recipe for its stages alone, and for many runs. */
const outer = ['stages', 'seeds', 'sweep'];

/** All stages of a recipe whose form is right, in their order; undefined where it has none. */
export function stagesOf(root: Traced): readonly WrittenStage[] | undefined {
  const list = nodeAt(root, ['stages']);
  if (root.kind !== 'map' || list?.kind !== 'list') return undefined;
  const base = without(root, outer);
  const recipe = textAt(root, ['name']);
  return list.items.map((written, at): WrittenStage => {
    const name = textAt(written, ['name']);
    // A later stage begins with the student of the one before, whatever the recipe itself begins with.
    const taken = at === 0 ? base : without(base, ['begin']);
    const own = without(written as TracedMap, at === 0 ? ['name'] : ['name', 'begin']);
    const merged = mergeTraced(taken, own) as TracedMap;
    const place = placeOf(written, ['name'], 'value');
    const entries = new Map([
      // First, so that what has no place of its own is told at the line of the stage.
      [
        'name',
        { key: place, value: { kind: 'scalar', value: `${recipe}-${name}`, at: place } as const },
      ] as const,
      ...[...merged.entries].filter(([key]) => key !== 'name'),
    ]);
    const changed: Traced = { ...merged, entries };
    return {
      recipe,
      name,
      root: changed,
      except: at === 0 ? undefined : exceptOf(written),
      ownProblems: (found) =>
        found.map((problem) => ({
          ...problem,
          path: isOwn(written, problem.path) ? ['stages', at, ...problem.path] : problem.path,
          place: problem.place ?? placeOf(changed, problem.path, problem.part ?? 'value'),
        })),
    };
  });
}

/** Two stages of one name would be one run. */
export function stageNameProblems(root: Traced): Problem[] {
  const list = nodeAt(root, ['stages']);
  if (list?.kind !== 'list') return [];
  const names = list.items.map((stage) => textAt(stage, ['name']));
  return names.flatMap((name, at): Problem[] => {
    const first = names.indexOf(name);
    if (first === at) return [];
    const message = `two stages are named \`${name}\`: \`stages.${first}\` and \`stages.${at}\``;
    return [
      {
        record: { code: 'RECIPE_BAD_VALUE', message, hint: 'give each its own name' },
        path: ['stages', at, 'name'],
      },
    ];
  });
}

/** Whether a stage writes something on the way to that path. */
function isOwn(stage: Traced, path: Path): boolean {
  return pathText(path) !== '' && nodeAt(stage, path.slice(0, 1)) !== undefined;
}

function exceptOf(stage: Traced): string[] {
  const list = nodeAt(stage, ['begin', 'except']);
  return list?.kind === 'list' ? list.items.map((_, at) => textAt(list, [at])) : [];
}

function textAt(node: Traced, path: Path): string {
  const found = nodeAt(node, path);
  return found?.kind === 'scalar' ? String(found.value) : '';
}

function without(map: TracedMap, keys: readonly string[]): TracedMap {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => !keys.includes(key))) };
}

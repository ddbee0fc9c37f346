// `begin`: checks of its form, and its plan.
import { existsSync } from 'node:fs';
import { resolveWritten, type CheckInput } from './checks.js';
import type { BeginPlan } from './plan.js';
import type { Problem } from './problems.js';
import type { RecipeData } from './schema.js';
import { isRecord } from './slots.js';
import type { Traced } from './trace.js';
import { quote } from './words.js';

/** Exactly one of `recipe` and `checkpoint`, and a recipe that is there. */
export function beginForm({ file, root, data }: CheckInput): Problem[] {
  const begin = isRecord(data) ? data.begin : undefined;
  if (!isRecord(begin)) return [];
  const { recipe, checkpoint, set } = begin;
  const refuse = (message: string, key: string, hint: string, part?: 'key'): Problem => ({
    record: { code: 'RECIPE_BAD_VALUE', message, hint },
    path: ['begin', key],
    ...(part ? { part } : {}),
  });
  if (recipe === undefined && checkpoint === undefined)
    return [
      {
        record: {
          code: 'RECIPE_MISSING_KEY',
          message: '`begin` does not say whose weights the student begins with',
          hint: 'add `recipe: ./other.yaml` or `checkpoint: runs/other-1a2b3c4d`',
        },
        path: ['begin'],
        part: 'key',
      },
    ];
  if (recipe !== undefined && checkpoint !== undefined)
    return [
      refuse(
        '`begin` has both `recipe` and `checkpoint`, and takes only one of them',
        'checkpoint',
        'keep one of them',
        'key',
      ),
    ];
  if (recipe === undefined && set !== undefined)
    return [
      refuse(
        '`begin.set` overrides a recipe, and `begin` has none',
        'set',
        'remove it, or name a `recipe`',
        'key',
      ),
    ];
  if (typeof recipe !== 'string') return [];
  const target = resolveWritten(root, ['begin', 'recipe'], recipe, file);
  if (target === file) return [refuse('a recipe cannot begin from itself', 'recipe', 'name another recipe')];
  if (existsSync(target)) return [];
  return [
    {
      record: {
        code: 'RECIPE_NOT_FOUND',
        message: `the recipe ${quote(recipe)} to begin from does not exist`,
        hint: 'the path is relative to the file that it is written in',
      },
      path: ['begin', 'recipe'],
    },
  ];
}

/** Of a recipe whose form is right. */
export function beginPlan(
  { begin }: Pick<RecipeData, 'begin'>,
  root: Traced,
  file: string,
): BeginPlan | undefined {
  if (!begin) return undefined;
  const { recipe, checkpoint = '', set = {}, except = [] } = begin;
  if (recipe === undefined) {
    const path = checkpoint.startsWith('data:')
      ? checkpoint
      : resolveWritten(root, ['begin', 'checkpoint'], checkpoint, file);
    return { kind: 'checkpoint', path, written: checkpoint, except };
  }
  return {
    kind: 'recipe',
    file: resolveWritten(root, ['begin', 'recipe'], recipe, file),
    written: recipe,
    // JSON is YAML, so any value survives the way through --set.
    set: Object.entries(set).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
    except,
  };
}

// Paths in recipes: relative to the recipe, or `data:` for the folder POTSTILL_DATA.
import { isAbsolute, resolve } from 'node:path';
import type { Paths } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { visibleLine } from '../text/visible.js';

const shared = 'data:';

/**
 * Resolves a path of a recipe. `data:models/a.onnx` is in the folder that POTSTILL_DATA names.
 * @throws PotstillError DATA_NOT_FOUND where `data:` is used and POTSTILL_DATA is not set, or the path has control
 * characters, as `"..\new"` has in YAML.
 */
export function resolveDataPath(path: string, paths: Pick<Paths, 'recipeFolder' | 'dataFolder'>): string {
  if (/\p{Cc}/u.test(path)) {
    throw new PotstillError({
      code: 'DATA_NOT_FOUND',
      message: `the path \`${visibleLine(path)}\` contains control characters`,
      hint: 'in double quotes YAML reads `\\n` and `\\t` as line feed and tab: use single quotes, or `/`',
    });
  }
  if (!path.startsWith(shared)) return isAbsolute(path) ? path : resolve(paths.recipeFolder, path);
  if (paths.dataFolder === undefined) {
    throw new PotstillError({
      code: 'DATA_NOT_FOUND',
      message: `${path} is in the folder for shared data, but POTSTILL_DATA is not set`,
      hint: `Set POTSTILL_DATA to the folder that holds ${path.slice(shared.length)}, or give a path relative to the recipe.`,
    });
  }
  return resolve(paths.dataFolder, path.slice(shared.length));
}

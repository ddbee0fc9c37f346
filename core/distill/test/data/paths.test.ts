// Paths of recipes.
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveDataPath } from 'potstill';

describe('resolveDataPath', () => {
  const paths = { recipeFolder: resolve('/recipes'), dataFolder: resolve('/shared') };

  it('starts at the recipe, at POTSTILL_DATA, or at the root', () => {
    expect(resolveDataPath('a/b.onnx', paths)).toBe(join(paths.recipeFolder, 'a', 'b.onnx'));
    expect(resolveDataPath('data:a/b.onnx', paths)).toBe(join(paths.dataFolder, 'a', 'b.onnx'));
    expect(resolveDataPath(resolve('/x/y'), paths)).toBe(resolve('/x/y'));
  });

  it('says that POTSTILL_DATA is not set', () => {
    expect(() => resolveDataPath('data:a', { ...paths, dataFolder: undefined })).toThrow(
      'DATA_NOT_FOUND: data:a is in the folder for shared data, but POTSTILL_DATA is not set',
    );
  });

  it('refuses what YAML makes of a Windows path in double quotes', () => {
    expect(() => resolveDataPath('..\new\train', paths)).toThrow(
      'DATA_NOT_FOUND: the path `..\\u000aew\\u0009rain` contains control characters',
    );
  });
});

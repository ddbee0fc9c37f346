// Wrong recipes: every message is held, since the messages are what the user works with.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatErrors, loadRecipe, PotstillError } from 'potstill';
import { describe, expect, it } from 'vitest';
import { sampleRegistry } from './sample-plugin.js';

const folder = fileURLToPath(new URL('.', import.meta.url));
// Files that others extend are read through those.
const parts = new Set(['in-the-base-of.yaml', 'circle-two.yaml']);
const recipes = readdirSync(path.join(folder, 'wrong')).filter(
  (file) => file.endsWith('.yaml') && !parts.has(file),
);

describe('a wrong recipe', () => {
  it('has twenty and more examples here', () => {
    expect(recipes.length).toBeGreaterThanOrEqual(20);
  });

  it.each(recipes)('%s says what is wrong, where, and what would be right', async (file) => {
    const failed = loadRecipe(path.join('wrong', file), { lookup: sampleRegistry, cwd: folder });
    const error = await failed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(PotstillError);
    await expect(formatErrors(error)).toMatchFileSnapshot(`wrong/${path.basename(file, '.yaml')}.txt`);
  });
});

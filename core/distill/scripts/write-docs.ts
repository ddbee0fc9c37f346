// Writes docs/errors.md and docs/recipe.schema.json. Run from the root: npx tsx --conditions=potstill-source core/distill/scripts/write-docs.ts
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { errorsPage } from '../src/errors/explain.js';
import { recipeJsonSchema } from '../src/recipe/json-schema.js';

const pages = { 'errors.md': errorsPage(), 'recipe.schema.json': JSON.stringify(recipeJsonSchema()) };

for (const [name, text] of Object.entries(pages)) {
  const file = fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url));
  const config = await prettier.resolveConfig(file);
  await writeFile(file, await prettier.format(text, { ...config, filepath: file }));
}

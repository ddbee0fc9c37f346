// Writes docs/errors.md, docs/methods.md, docs/recipe.schema.json and the package's copy of it. Run from the root: npx tsx --conditions=potstill-source core/distill/scripts/write-docs.ts
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { errorsPage } from '../src/errors/explain.js';
import { methodsDocument } from './methods-document.js';
import { recipeJsonSchema } from '../src/recipe/json-schema.js';

const schema = JSON.stringify(recipeJsonSchema());
const pages = {
  '../../../docs/errors.md': errorsPage(),
  '../../../docs/methods.md': methodsDocument(),
  '../../../docs/recipe.schema.json': schema,
  '../recipe.schema.json': schema,
};

for (const [name, text] of Object.entries(pages)) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const config = await prettier.resolveConfig(file);
  await writeFile(file, await prettier.format(text, { ...config, filepath: file }));
}

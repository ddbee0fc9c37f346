// `potstill schema`: the JSON Schema of recipes, for editors.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { writeAtomically } from '../../files/write-atomically.js';
import { componentsJsonSchema } from '../../recipe/component-schema.js';
import { collect, pathValue } from '../options.js';
import type { Output } from '../output.js';
import { openRegistry } from '../open-registry.js';

const examples = `
Examples:
  potstill schema -p @potstill/vision --out recipe.schema.json
  potstill schema | jq .definitions.loss

Editors with a YAML language server complete and check a recipe that begins with the line
  # yaml-language-server: $schema=./recipe.schema.json
Run this again when you add or update a plugin. The package contains a schema without components' options,
node_modules/potstill/recipe.schema.json.`;

interface SchemaOptions {
  readonly plugin?: readonly string[];
  readonly out?: string;
}

export function addSchema(root: Command, output: Output): void {
  root
    .command('schema')
    .description('write the JSON Schema of recipes, with all components and their options')
    .option('-p, --plugin <name>', 'a plugin whose components to include; may be repeated', collect)
    .option('--out <file>', 'where to write it (default: stdout)', pathValue)
    .addHelpText('after', examples)
    .action(async ({ plugin = [], out }: SchemaOptions) => {
      const schema = JSON.stringify(componentsJsonSchema((await openRegistry(plugin)).all()), null, 2);
      if (out === undefined) return output.print(schema);
      await writeAtomically(resolve(out), `${schema}\n`);
      output.print(out);
    });
}

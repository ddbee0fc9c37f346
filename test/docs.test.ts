// What the pages say is there: links, scripts, commands and recipes.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { builtInPlugin, openRecipe } from 'potstill';
import { describe, expect, it } from 'vitest';
import { processOutput } from '../core/distill/src/cli/output.js';
import { program } from '../core/distill/src/cli/program.js';
import { root } from './support/processes.js';

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...below('docs', '.md'),
  ...below('recipes', '.md'),
  ...['core/engine', 'core/distill', 'plugins/vision'].map((folder) => join(folder, 'README.md')),
];
const recipes = below('recipes', '.yaml');

function below(folder: string, ending: string): string[] {
  return (readdirSync(join(root, folder), { recursive: true }) as string[])
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules') && !/(^|\/)runs\//.test(name))
    .map((name) => join(folder, name));
}
const read = (page: string) => readFileSync(join(root, page), 'utf8');

/** A heading's address, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

describe('documentation', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const missing = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, file))) return [target];
      if (anchor === undefined || statSync(join(root, file)).isDirectory()) return [];
      const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
      return headings.includes(anchor) ? [] : [target];
    });
    expect(missing).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Record<string, string> };
    const unknown = pages.flatMap((page) =>
      [...read(page).matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].flatMap(([, name = '']) =>
        name in scripts ? [] : [`${page}: npm run ${name}`],
      ),
    );
    expect(unknown).toEqual([]);
  });

  it('names commands of potstill that exist', () => {
    const known = program(processOutput()).commands.map((command) => command.name());
    const unknown = pages.flatMap((page) =>
      [...read(page).matchAll(/^(?:\$ )?(?:npx )?potstill ([a-z]+)/gm)].flatMap(([, name = '']) =>
        known.includes(name) ? [] : [`${page}: potstill ${name}`],
      ),
    );
    expect(unknown).toEqual([]);
  });

  it('names recipes that exist', () => {
    const unknown = pages.flatMap((page) =>
      [...read(page).matchAll(/\brecipes\/[\w/-]+\.yaml/g)].flatMap(([path]) =>
        existsSync(join(root, path)) ? [] : [`${page}: ${path}`],
      ),
    );
    expect(unknown).toEqual([]);
  });
});

describe('recipes', () => {
  it('are there', () => expect(recipes.length).toBeGreaterThan(5));

  it.each(recipes)('%s has no mistakes', async (recipe) => {
    const { plan } = await openRecipe(join(root, recipe), { set: [], builtIn: [builtInPlugin] });
    expect(relative(root, plan.file)).toBe(recipe);
  });
});

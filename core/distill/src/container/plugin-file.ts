// The file that a plugin is imported from: a path from the recipe's folder, or an installed package.
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { moduleResolve } from 'import-meta-resolve';
import { messageOf } from '../errors/records.js';
import type { PluginReference } from '../recipe/plan.js';
import { fileFault } from '../recipe/read-text.js';
import { NotLoaded, systemCode } from './not-loaded.js';

/** The export conditions that Node itself was started with, so that a plugin shares our copy of potstill. */
function conditions(): Set<string> {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  const extra = flags.flatMap((flag, index) => {
    if (flag === '-C' || flag === '--conditions') return flags[index + 1] ?? [];
    return /^(?:-C=?|--conditions=)(.+)$/.exec(flag)?.[1] ?? [];
  });
  return new Set(['node', 'import', ...extra]);
}

function isPath(name: string): boolean {
  return /^\.{1,2}$|^\.{0,2}[/\\]/.test(name) || path.isAbsolute(name);
}

/** The name by which a folder's own package.json lets it be imported, and what Node takes without one. */
function entryOf(folder: string, name: string): string {
  const file = path.join(folder, 'package.json');
  if (existsSync(file)) {
    let written: { readonly name?: unknown; readonly exports?: unknown; readonly main?: unknown };
    try {
      written = JSON.parse(readFileSync(file, 'utf8')) as typeof written;
    } catch (error) {
      throw new NotLoaded('PLUGIN_NOT_FOUND', `${name}/package.json cannot be read: ${messageOf(error)}`);
    }
    // A package may import itself by its name, through its own `exports`.
    if (written.exports !== undefined && typeof written.name === 'string') {
      try {
        const own = moduleResolve(written.name, pathToFileURL(file), conditions());
        if (existsSync(own)) return fileURLToPath(own);
      } catch (error) {
        if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND')
          throw new NotLoaded(
            'PLUGIN_NOT_FOUND',
            `the package in ${name} has no entry that can be imported: ${messageOf(error)}`,
          );
      }
      throw new NotLoaded(
        'PLUGIN_NOT_FOUND',
        `the package in ${name} has not been built: the file that it names does not exist`,
      );
    }
    if (typeof written.main === 'string') {
      const main = path.join(folder, written.main);
      if (existsSync(main) && statSync(main).isFile()) return main;
    }
  }
  const index = ['index.js', 'index.mjs', 'index.cjs', 'index.ts', 'index.mts', 'index.cts']
    .map((each) => path.join(folder, each))
    .find((each) => existsSync(each));
  if (index !== undefined) return index;
  throw new NotLoaded(
    'PLUGIN_NOT_FOUND',
    `the plugin ${name} is a folder without a package.json that names an entry and without an index file`,
    'name the file itself',
  );
}

function fileOf(name: string, folder: string): string {
  const file = path.resolve(folder, name);
  let found;
  try {
    found = statSync(file);
  } catch (error) {
    throw new NotLoaded(
      'PLUGIN_NOT_FOUND',
      `cannot read the plugin ${name}: ${fileFault(error)}`,
      `looked for in ${folder}`,
    );
  }
  if (found.isDirectory()) return entryOf(file, name);
  if (found.isFile()) return file;
  throw new NotLoaded('PLUGIN_NOT_FOUND', `the plugin ${name} is neither a file nor a folder`);
}

/** The URL of the file that a plugin is imported from. Throws NotLoaded. */
export function pluginUrl({ name, folder }: PluginReference): string {
  if (isPath(name)) return pathToFileURL(fileOf(name, folder)).href;
  const parents = [pathToFileURL(path.join(folder, 'recipe.yaml')).href, import.meta.url];
  for (const parent of parents) {
    try {
      const url = moduleResolve(name, new URL(parent), conditions());
      if (url.protocol === 'node:')
        throw new NotLoaded('PLUGIN_NOT_FOUND', `${name} is a module of Node.js, not a plugin`);
      // A package whose entry has not been built resolves all the same.
      if (existsSync(url)) return url.href;
    } catch (error) {
      if (error instanceof NotLoaded) throw error;
      const code = systemCode(error);
      if (code === 'ERR_MODULE_NOT_FOUND') continue;
      // The package itself is wrong, or else the name, the folder or a link is.
      const packages = [
        'ERR_PACKAGE_PATH_NOT_EXPORTED',
        'ERR_INVALID_PACKAGE_CONFIG',
        'ERR_INVALID_PACKAGE_TARGET',
      ];
      throw new NotLoaded(
        code !== undefined && packages.includes(code) ? 'PLUGIN_INVALID' : 'PLUGIN_NOT_FOUND',
        `${name} cannot be imported: ${messageOf(error)}`,
        undefined,
        error,
      );
    }
  }
  throw new NotLoaded('PLUGIN_NOT_FOUND', `the plugin ${name} is not installed`, `npm install ${name}`);
}

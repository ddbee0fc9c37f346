// Plugins by name: found from the recipe's folder, then from potstill's own place, and imported.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { moduleResolve } from 'import-meta-resolve';
import type { Plugin } from '../contracts/index.js';
import type { ErrorCodeName } from '../errors/codes.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { messageOf } from '../errors/records.js';
import type { PluginReference } from '../recipe/plan.js';
import type { PluginEntry } from './registry.js';

class NotLoaded extends Error {
  constructor(
    readonly code: ErrorCodeName,
    message: string,
    readonly hint?: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

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
  return /^\.{0,2}[/\\]/.test(name) || path.isAbsolute(name);
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** The file URL that a plugin is imported from. */
function locate({ name, folder }: PluginReference): string {
  if (isPath(name)) {
    const file = path.resolve(folder, name);
    if (existsSync(file)) return pathToFileURL(file).href;
    throw new NotLoaded(
      'PLUGIN_NOT_FOUND',
      `the plugin file ${name} does not exist`,
      `looked for in ${folder}`,
    );
  }
  const parents = [pathToFileURL(path.join(folder, 'recipe.yaml')).href, import.meta.url];
  for (const parent of parents) {
    try {
      const url = moduleResolve(name, new URL(parent), conditions());
      // A package whose entry has not been built resolves all the same.
      if (existsSync(fileURLToPath(url))) return url.href;
    } catch (error) {
      if (errorCode(error) === 'ERR_MODULE_NOT_FOUND') continue;
      throw new NotLoaded(
        'PLUGIN_INVALID',
        `${name} cannot be imported: ${messageOf(error)}`,
        undefined,
        error,
      );
    }
  }
  throw new NotLoaded('PLUGIN_NOT_FOUND', `the plugin ${name} is not installed`, `npm install ${name}`);
}

async function load(reference: PluginReference): Promise<unknown> {
  const url = locate(reference);
  let module: unknown;
  try {
    module = await import(url);
  } catch (error) {
    throw new NotLoaded(
      'PLUGIN_FAILED',
      `${reference.name} threw while it was imported: ${messageOf(error)}`,
      undefined,
      error,
    );
  }
  const exported = (module as { readonly default?: unknown }).default;
  if (exported !== undefined) return exported;
  throw new NotLoaded(
    'PLUGIN_INVALID',
    `${reference.name} has no default export`,
    'export default definePlugin({ … })',
  );
}

/**
 * Imports plugins in the order given. `known` are plugins already at hand, by name, which are not imported.
 * All that fail are thrown as one PotstillError: PLUGIN_NOT_FOUND, PLUGIN_INVALID or PLUGIN_FAILED.
 * What is exported is checked by `createRegistry`.
 */
export async function loadPlugins(
  references: readonly PluginReference[],
  { known = new Map() }: { readonly known?: ReadonlyMap<string, Plugin> } = {},
): Promise<readonly PluginEntry[]> {
  const entries: PluginEntry[] = [];
  const records: ErrorRecord[] = [];
  let cause: unknown;
  for (const reference of references) {
    const { name, path: at } = reference;
    try {
      entries.push({ plugin: known.get(name) ?? (await load(reference)), asked: name, path: at });
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error;
      const hint = error.hint === undefined ? {} : { hint: error.hint };
      records.push({ code: error.code, message: error.message, ...hint, path: at });
      cause ??= error.cause;
    }
  }
  const [first, ...others] = records;
  if (first !== undefined) throw new PotstillError([first, ...others], cause === undefined ? {} : { cause });
  return entries;
}

// Plugins by name: found from the recipe's folder, then from potstill's own place, and imported.
import type { Plugin } from '../contracts/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import type { PluginReference } from '../recipe/plan.js';
import { importPlugin } from './import-plugin.js';
import { NotLoaded } from './not-loaded.js';
import { pluginUrl } from './plugin-file.js';
import type { PluginEntry } from './registry.js';

async function load(reference: PluginReference): Promise<unknown> {
  const module = await importPlugin(reference.name, pluginUrl(reference));
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

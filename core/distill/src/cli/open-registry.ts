// The components that commands without a recipe work with.
import { loadPlugins } from '../container/load-plugins.js';
import { createRegistry, type Registry } from '../container/registry.js';
import { builtInPlugin } from '../run/built-in.js';

/** Potstill's own components and those of the plugins named, found from the working directory. */
export async function openRegistry(plugins: readonly string[]): Promise<Registry> {
  const loaded = await loadPlugins(
    plugins.map((name, index) => ({ name, folder: process.cwd(), path: `plugins.${index}` })),
    {},
  );
  return createRegistry([{ plugin: builtInPlugin }, ...loaded]);
}

// A recipe with its plugins: read, plugins loaded and registered, checked.
import type { Plugin } from '../contracts/index.js';
import { loadRecipe, type ReadOptions } from '../recipe/load.js';
import type { Plan } from '../recipe/plan.js';
import { loadPlugins } from './load-plugins.js';
import { createRegistry, type Registry } from './registry.js';

export interface OpenOptions extends ReadOptions {
  /** Plugins that every recipe has without naming them: potstill's own components. */
  readonly builtIn: readonly Plugin[];
  /** Plugins already at hand, by the name under which a recipe asks for them. */
  readonly known?: ReadonlyMap<string, Plugin>;
}

export interface OpenRecipe {
  readonly plan: Plan;
  readonly registry: Registry;
}

/** Reads and checks a recipe wholly; see `loadRecipe` for the errors. */
export async function openRecipe(
  file: string,
  { builtIn, known, ...options }: OpenOptions,
): Promise<OpenRecipe> {
  let registry: Registry | undefined;
  const plan = await loadRecipe(file, {
    ...options,
    lookup: async (references) => {
      const loaded = await loadPlugins(references, known === undefined ? {} : { known });
      registry = createRegistry([...builtIn.map((plugin) => ({ plugin })), ...loaded]);
      return registry;
    },
  });
  if (registry === undefined) throw new Error('internal: a recipe was planned without a registry');
  return { plan, registry };
}

// What a recipe needs to know of the components there are. The container's registry implements it.
import type { ComponentDefinition, ComponentKind } from '../contracts/index.js';
import type { PluginIdentity } from './plan.js';

export interface FoundComponent<K extends ComponentKind = ComponentKind> {
  readonly definition: ComponentDefinition<K>;
  readonly plugin: PluginIdentity;
}

/** A component found by a name that it has elsewhere. */
export interface AliasedComponent {
  readonly found: FoundComponent;
  /** The name as it is written there. */
  readonly alias: string;
  readonly library: string;
}

export interface ComponentLookup {
  /** Undefined when no component of that kind has the name. */
  find<K extends ComponentKind>(kind: K, name: string): FoundComponent<K> | undefined;
  /** Names of all components of a kind, sorted. */
  names(kind: ComponentKind): readonly string[];
  /** The kinds under which a name is registered. */
  kindsOf(name: string): readonly ComponentKind[];
  /** Components that another library knows by that name, with the library: `KDLoss` of torchdistill. */
  aliased(alias: string): readonly AliasedComponent[];
  /** The plugins that are registered. */
  readonly plugins: readonly PluginIdentity[];
}

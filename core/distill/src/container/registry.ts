// The components and services there are: plugins, checked in a fixed order and then frozen.
import semver from 'semver';
import type { AnyComponent, ComponentKind, Plugin, ServiceName } from '../contracts/index.js';
import type { ErrorCodeName } from '../errors/codes.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { allowedWords, didYouMean } from '../errors/suggest.js';
import type { AliasedComponent, ComponentLookup, FoundComponent } from '../recipe/lookup.js';
import type { PluginIdentity } from '../recipe/plan.js';
import { either, kindWords, quote } from '../recipe/words.js';
import { host } from './host.js';
import { serviceNames, shapeFaults } from './plugin-shape.js';

/** A plugin about to be registered. */
export interface PluginEntry {
  readonly plugin: unknown;
  /** What the recipe calls it. Default: its own name. */
  readonly asked?: string;
  /** Where in the recipe it is named: `plugins.0`. */
  readonly path?: string;
}

/** One service that a plugin rebinds. */
export interface Rebinding {
  readonly service: ServiceName;
  readonly by: PluginIdentity;
  readonly factory: NonNullable<NonNullable<Plugin['services']>[ServiceName]>;
}

const title = ({ name, version }: PluginIdentity) => `${name} ${version}`;

/** All registered components; what a recipe is checked against and a run makes components from. Immutable. */
export class Registry implements ComponentLookup {
  readonly plugins: readonly PluginIdentity[];
  readonly rebindings: ReadonlyMap<ServiceName, Rebinding>;
  readonly #components: ReadonlyMap<ComponentKind, ReadonlyMap<string, FoundComponent>>;

  /** Use `createRegistry`, which checks. */
  constructor(
    plugins: readonly PluginIdentity[],
    components: ReadonlyMap<ComponentKind, ReadonlyMap<string, FoundComponent>>,
    rebindings: ReadonlyMap<ServiceName, Rebinding>,
  ) {
    this.plugins = Object.freeze([...plugins]);
    this.#components = components;
    this.rebindings = rebindings;
    Object.freeze(this);
  }

  find<K extends ComponentKind>(kind: K, name: string): FoundComponent<K> | undefined {
    return this.#components.get(kind)?.get(name) as FoundComponent<K> | undefined;
  }

  names(kind: ComponentKind): readonly string[] {
    return [...(this.#components.get(kind)?.keys() ?? [])].sort();
  }

  kindsOf(name: string): readonly ComponentKind[] {
    return [...this.#components].filter(([, byName]) => byName.has(name)).map(([kind]) => kind);
  }

  /** Every component, by kind and name. */
  all(): readonly FoundComponent[] {
    return [...this.#components.keys()].flatMap((kind) =>
      this.names(kind).flatMap((name) => this.find(kind, name) ?? []),
    );
  }

  aliased(alias: string): readonly AliasedComponent[] {
    const wanted = alias.toLowerCase();
    return this.all().flatMap((found) => {
      const entries = Object.entries(found.definition.method?.aliases ?? {});
      const names = entries.flatMap(([library, all]) => all.map((name) => ({ library, name })));
      const same = names.filter(({ name }) => name.toLowerCase() === wanted);
      const [first] = same;
      // Libraries may share a name: one component is found once.
      const library = same.map((one) => one.library).join(' and ');
      return first ? [{ found, alias: first.name, library }] : [];
    });
  }

  /** Like `find`, but an unknown name or another kind is a PotstillError that lists what there is. */
  get<K extends ComponentKind>(kind: K, name: string): FoundComponent<K> {
    const found = this.find(kind, name);
    if (found !== undefined) return found;
    const names = this.names(kind);
    const others = this.kindsOf(name).map((other) => `a ${kindWords[other]}`);
    if (others.length > 0) {
      throw new PotstillError({
        code: 'RECIPE_WRONG_KIND',
        message: `${quote(name)} is ${either(others, 'and')}, and a ${kindWords[kind]} is expected`,
        ...allowedWords(name, names),
      });
    }
    const meant = didYouMean(name, names);
    throw new PotstillError({
      code: 'RECIPE_UNKNOWN_COMPONENT',
      message: `unknown ${kindWords[kind]} ${quote(name)}`,
      ...(meant === undefined ? {} : { hint: `did you mean ${quote(meant)}?` }),
      ...allowedWords(name, names),
    });
  }
}

class Registration {
  readonly records: ErrorRecord[] = [];
  readonly plugins: PluginIdentity[] = [];
  readonly components = new Map<ComponentKind, Map<string, FoundComponent>>();
  readonly rebindings = new Map<ServiceName, Rebinding>();

  constructor(private readonly hostVersion: string) {}

  private complain(entry: PluginEntry, code: ErrorCodeName, message: string, hint?: string): void {
    this.records.push({
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(entry.path === undefined ? {} : { path: entry.path }),
    });
  }

  /** The checks, in their order; one that fails ends those of its plugin, since the later ones build on it. */
  add(entry: PluginEntry): void {
    const faults = shapeFaults(entry.plugin);
    if (faults.length > 0) {
      const name = (entry.plugin as { readonly name?: unknown } | null | undefined)?.name;
      const called = entry.asked ?? (typeof name === 'string' ? name : 'a plugin');
      const hint = 'create its default export with definePlugin';
      this.complain(entry, 'PLUGIN_INVALID', `${called} is not a plugin: ${faults.join('; ')}`, hint);
      return;
    }
    const plugin = entry.plugin as Plugin;
    const identity = Object.freeze({ name: plugin.name, version: plugin.version });
    const twin = this.plugins.find(({ name }) => name === plugin.name);
    if (twin !== undefined) {
      this.complain(
        entry,
        'PLUGIN_TWICE',
        `the plugin ${plugin.name} is registered twice: ${twin.version} and ${plugin.version}`,
        'name it once',
      );
      return;
    }
    if (!semver.satisfies(this.hostVersion, plugin.potstill, { includePrerelease: true })) {
      this.complain(
        entry,
        'PLUGIN_HOST_VERSION',
        `${title(identity)} needs potstill ${plugin.potstill}, and this is potstill ${this.hostVersion}`,
        `install matching versions of ${plugin.name} and potstill`,
      );
      return;
    }
    this.plugins.push(identity);
    for (const component of plugin.components) this.addComponent(entry, component, identity);
    for (const service of serviceNames) this.addService(entry, service, plugin, identity);
  }

  private addComponent(entry: PluginEntry, component: AnyComponent, plugin: PluginIdentity): void {
    const byName = this.components.get(component.kind) ?? new Map<string, FoundComponent>();
    this.components.set(component.kind, byName);
    const other = byName.get(component.name)?.plugin;
    if (other !== undefined) {
      const who =
        other.name === plugin.name ? `${title(plugin)} twice` : `${title(other)} and ${title(plugin)}`;
      this.complain(
        entry,
        'PLUGIN_DUPLICATE_NAME',
        `the ${kindWords[component.kind]} ${quote(component.name)} is provided by ${who}`,
      );
      return;
    }
    byName.set(component.name, Object.freeze({ definition: component, plugin }));
  }

  private addService(entry: PluginEntry, service: ServiceName, plugin: Plugin, by: PluginIdentity): void {
    const factory = plugin.services?.[service];
    if (factory === undefined) return;
    const other = this.rebindings.get(service)?.by;
    if (other !== undefined) {
      this.complain(
        entry,
        'SERVICE_REBOUND_TWICE',
        `the service ${quote(service)} is replaced by both ${title(other)} and ${title(by)}`,
      );
      return;
    }
    this.rebindings.set(service, Object.freeze({ service, by, factory }));
  }
}

/**
 * Registers plugins in the order given: shape, twice, host version, names of components, services. All faults of all
 * plugins are thrown as one PotstillError. `hostVersion` defaults to potstill's own.
 */
export function createRegistry(
  entries: readonly PluginEntry[],
  { hostVersion = host.version }: { readonly hostVersion?: string } = {},
): Registry {
  const registration = new Registration(hostVersion);
  for (const entry of entries) registration.add(entry);
  const [first, ...others] = registration.records;
  if (first !== undefined) throw new PotstillError([first, ...others]);
  return new Registry(registration.plugins, registration.components, registration.rebindings);
}

// A run's container: services, made when first asked for, and components made with them.
import 'reflect-metadata/lite';
import type { RandomStream } from '@potstill/engine';
import { Container } from 'inversify';
import type {
  ComponentKind,
  ComponentReference,
  ComponentServices,
  Components,
  Contexts,
  ServiceName,
  Services,
} from '../contracts/index.js';
import { PotstillError, type ErrorRecord } from '../errors/potstill-error.js';
import { messageOf } from '../errors/records.js';
import { planReference } from '../recipe/components.js';
import type { ComponentPlan, PluginIdentity, RecipeTrace } from '../recipe/plan.js';
import { kindWords, quote } from '../recipe/words.js';
import { guard } from './guard.js';
import { host } from './host.js';
import { serviceNames } from './plugin-shape.js';
import { relabel } from './relabel.js';
import type { Registry } from './registry.js';
import { factoryId, serviceId, type BoundFactory, type ServiceFactories } from './services.js';
import { MakingLog } from './making-log.js';

export interface RunContainerOptions {
  readonly registry: Registry;
  readonly defaults: ServiceFactories;
  /** Ready services that go before the defaults and before any plugin's: what tests and embedders use. */
  readonly overrides?: Partial<Services>;
  /** Gives errors of components their place in the recipe. */
  readonly trace?: Pick<RecipeTrace, 'place'>;
}

export interface RunContainer {
  /** Each is made when it is first read. */
  readonly services: Services;
  /**
   * Makes a component. What a plugin throws, then or later in any of the component's methods, becomes PLUGIN_FAILED,
   * naming the plugin, the component, the method and the place in the recipe; errors with a code of their own keep it.
   * `random` takes the place of that service.
   */
  make<K extends ComponentKind>(
    plan: ComponentPlan<K>,
    context: Contexts[K],
    random?: RandomStream,
  ): Promise<Components[K]>;
  /** Makes a component that the recipe does not write; its errors are placed at `path`. */
  makeNamed<K extends ComponentKind>(
    kind: K,
    reference: ComponentReference,
    context: Contexts[K],
    path: string,
    random?: RandomStream,
  ): Promise<Components[K]>;
  /** What the component says of its options without being made; errors are told as those of {@link make}. */
  check(plan: ComponentPlan): Promise<void>;
  /** Who made what for whom, so far, a line each. */
  explain(): string;
  /** Disposes of the engine, when it was made here. */
  dispose(): Promise<void>;
}

/** The root container: for each service the factory that counts, a plugin's before the default. */
function createRootContainer(registry: Registry, defaults: ServiceFactories): Container {
  const root = new Container();
  const bind = <N extends ServiceName>(name: N) => {
    const rebinding = registry.rebindings.get(name);
    const bound: BoundFactory<N> =
      rebinding === undefined
        ? { by: host, make: defaults[name] }
        : { by: rebinding.by, make: rebinding.factory as unknown as ServiceFactories[N] };
    root.bind(factoryId(name)).toConstantValue(bound);
  };
  serviceNames.forEach(bind);
  return root;
}

class Run implements RunContainer {
  readonly services: Services;
  readonly #container: Container;
  readonly #registry: Registry;
  readonly #log = new MakingLog();
  /** Services under way, to tell a circle. */
  readonly #making: ServiceName[] = [];
  readonly #place: (record: ErrorRecord) => ErrorRecord;
  #engineMade = false;

  constructor({ registry, defaults, overrides = {}, trace }: RunContainerOptions) {
    this.#registry = registry;
    this.#place = (record) => trace?.place(record) ?? record;
    this.#container = new Container({ parent: createRootContainer(registry, defaults) });
    for (const name of serviceNames) this.#bind(name, overrides);
    this.services = this.#view('the run');
  }

  #bind<N extends ServiceName>(name: N, overrides: Partial<Services>): void {
    const ready = overrides[name];
    if (ready !== undefined) {
      this.#container.bind(serviceId(name)).toConstantValue(ready);
      this.#log.made(name, 'given by the caller');
      return;
    }
    this.#container
      .bind(serviceId(name))
      .toDynamicValue((context): Services[N] => this.#create(name, context.get(factoryId(name))))
      .inSingletonScope();
  }

  #create<N extends ServiceName>(name: N, { by, make }: BoundFactory<N>): Services[N] {
    try {
      const service = make(this.#view(`service ${name}`));
      this.#log.made(name, `made by ${by.name} ${by.version}`);
      if (name === 'engine') this.#engineMade = true;
      return service;
    } catch (error) {
      throw relabel(error, by, `the service ${quote(name)}`);
    }
  }

  #resolve<N extends ServiceName>(name: N, asker: string): Services[N] {
    this.#log.asked(name, asker);
    if (this.#making.includes(name)) {
      const circle = [...this.#making.slice(this.#making.indexOf(name)), name].join(' -> ');
      throw new PotstillError({
        code: 'SERVICE_CYCLE',
        message: `services depend on each other in a cycle: ${circle}`,
        hint: 'read the other service when it is used, not while this one is created',
      });
    }
    this.#making.push(name);
    try {
      return this.#container.get(serviceId(name));
    } finally {
      this.#making.pop();
    }
  }

  /** All services, as one asker sees them: made when read, and the asker noted. */
  #view(asker: string, random?: RandomStream): Services {
    const view = {};
    for (const name of serviceNames) {
      const get = () => (name === 'random' && random ? random : this.#resolve(name, asker));
      Object.defineProperty(view, name, { enumerable: true, get });
    }
    return view as Services;
  }

  /** The same for a component, which may make others; they stand where it stands in the recipe. */
  #componentView(asker: string, path: string, random?: RandomStream): ComponentServices {
    const make = async <K extends ComponentKind>(
      kind: K,
      reference: ComponentReference,
      context: Contexts[K],
    ): Promise<Components[K]> =>
      this.#make(planReference(kind, reference, this.#registry, path), context, false, random);
    const view = this.#view(asker, random);
    return Object.defineProperty(view, 'make', { value: make }) as ComponentServices;
  }

  async make<K extends ComponentKind>(
    plan: ComponentPlan<K>,
    context: Contexts[K],
    random?: RandomStream,
  ): Promise<Components[K]> {
    return this.#make(plan, context, true, random);
  }

  async makeNamed<K extends ComponentKind>(
    kind: K,
    reference: ComponentReference,
    context: Contexts[K],
    path: string,
    random?: RandomStream,
  ): Promise<Components[K]> {
    return this.#make(planReference(kind, reference, this.#registry, path), context, false, random);
  }

  /** `written`: whether the options stand in the recipe at `path`, so that errors can point at one of them. */
  async #make<K extends ComponentKind>(
    { definition, plugin, options, path }: ComponentPlan<K>,
    context: Contexts[K],
    written: boolean,
    random?: RandomStream,
  ): Promise<Components[K]> {
    const label = `${kindWords[definition.kind]} ${definition.name}`;
    const what = `the ${kindWords[definition.kind]} ${quote(definition.name)}`;
    this.#log.made(`${label} (${path})`, `made by ${plugin.name} ${plugin.version}`);
    let made: Components[K] | null | undefined;
    try {
      made = await definition.create(
        options,
        this.#componentView(`${label} (${path})`, path, random),
        context,
      );
    } catch (error) {
      throw relabel(error, plugin, what, path, this.#place, written);
    }
    if (made === null || (typeof made !== 'object' && typeof made !== 'function')) {
      const nothing = new Error(`create returned ${String(made)}`);
      throw relabel(nothing, plugin, what, path, this.#place);
    }
    // potstill's own components are not guarded: what they throw unforeseen is a bug.
    if (plugin.name === host.name) return made;
    return guard(made, (error, method) => this.#methodFailed(error, method, plugin, what, path));
  }

  async check({ definition, plugin, options, path }: ComponentPlan): Promise<void> {
    const what = `the ${kindWords[definition.kind]} ${quote(definition.name)}`;
    try {
      await definition.check?.(options, { paths: this.services.paths });
    } catch (error) {
      throw relabel(error, plugin, what, path, this.#place);
    }
  }

  #methodFailed(
    error: unknown,
    method: string,
    plugin: PluginIdentity,
    what: string,
    path: string,
  ): PotstillError {
    const called = method === '' ? what : `\`${method}\` of ${what}`;
    const message = `${plugin.name} ${plugin.version}: ${called} failed (${path}): ${messageOf(error)}`;
    return new PotstillError(this.#place({ code: 'PLUGIN_FAILED', message, path }), { cause: error });
  }

  explain(): string {
    return this.#log.text();
  }

  async dispose(): Promise<void> {
    if (!this.#engineMade) return;
    this.#engineMade = false;
    await this.#container.get(serviceId('engine')).dispose();
  }
}

/** A run as a child container of the registry's root: services are made once a run, and only those that are used. */
export function createRunContainer(options: RunContainerOptions): RunContainer {
  return new Run(options);
}

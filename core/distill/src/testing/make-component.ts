// Makes a component as a run would: options checked, services at hand, errors told with the component's name.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistry } from '../container/registry.js';
import { createRunContainer } from '../container/run-container.js';
import { standardServices } from '../container/services.js';
import type {
  AnyComponent,
  ComponentDefinition,
  ComponentKind,
  Components,
  Contexts,
  Plugin,
  RunEvent,
  Services,
} from '../contracts/index.js';
import { builtInPlugin } from '../run/built-in.js';
import { memoryTeacherStore } from '../store/index.js';

/** What a component is made with. */
export interface Given {
  /** As a recipe writes them; defaults are filled in. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Plugins whose components the one under test makes by `services.make`, beside potstill's own. */
  readonly plugins?: readonly Plugin[];
  /** Seed of `services.random`. Default 1. */
  readonly seed?: number;
  /** The folder from which the component resolves relative paths. Default: the working directory. */
  readonly folder?: string;
  /** Services in place of the usual ones. There is no engine unless one is given. */
  readonly services?: Partial<Services>;
  /** Receives what the component reports through `services.progress`. */
  readonly events?: RunEvent[];
}

/**
 * Makes a component. Throws a ZodError when the options do not fit, and a PotstillError when `create` throws, as in a run.
 * `kind` must be the component's own.
 */
export async function makeComponent<K extends ComponentKind>(
  kind: K,
  component: AnyComponent,
  context: Contexts[K],
  given: Given = {},
): Promise<Components[K]> {
  const { options = {}, seed = 1, plugins = [], folder = process.cwd(), services = {}, events } = given;
  if (component.kind !== kind) throw new Error(`\`${component.name}\` is a ${component.kind}, not a ${kind}`);
  const runsFolder = join(tmpdir(), 'potstill-testing');
  const container = createRunContainer({
    registry: createRegistry([builtInPlugin, ...plugins].map((plugin) => ({ plugin }))),
    defaults: standardServices({
      seed,
      paths: {
        recipeFolder: folder,
        runFolder: runsFolder,
        runsFolder,
        dataFolder: process.env.POTSTILL_DATA,
      },
      engine: () => {
        throw new Error(
          'this test gives no engine: pass one as `services: { engine: await createEngine() }`',
        );
      },
      store: () => memoryTeacherStore(),
      ...(events ? { progress: { emit: (event) => events.push(event) } } : {}),
    }),
    overrides: services,
  });
  const plan = {
    // The kind was compared above.
    definition: component as ComponentDefinition as ComponentDefinition<K>,
    plugin: { name: 'the plugin under test', version: '0.0.0' },
    options: component.options.parse(options),
    path: kind,
  };
  return container.make(plan, context);
}

// A run's container: services made once and late, components made with them, and whose fault an error is.
import { EngineError, randomStream, type Engine } from '@potstill/engine';
import {
  createRegistry,
  createRunContainer,
  definePlugin,
  optimizer,
  PotstillError,
  schedule,
  standardServices,
  type ComponentPlan,
  type Plugin,
  type RunContainerOptions,
  type ServiceFactories,
  type Services,
} from 'potstill';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { host } from '../../src/container/host.js';

const paths = { recipeFolder: '/r', runFolder: '/runs/1', runsFolder: '/runs', dataFolder: undefined };
const unused = (): never => {
  throw new Error('this service was not to be made');
};
const standard = standardServices({ seed: 7, paths, engine: unused, store: unused });
const components = [
  schedule('folder-length', {
    help: 'Uses a service.',
    options: z.strictObject({ factor: z.number().default(2) }),
    create: ({ factor }, { cacheFolder }) => {
      const value = cacheFolder.length * factor;
      return () => value;
    },
  }),
  schedule('throws', {
    help: 'Throws.',
    options: z.strictObject({}),
    create: () => {
      throw new TypeError('no such file');
    },
  }),
  schedule('rejects', {
    help: 'Rejects.',
    options: z.strictObject({}),
    create: async () => Promise.reject(new Error('later')),
  }),
  schedule('says-why', {
    help: 'Throws a record.',
    options: z.strictObject({}),
    create: () => {
      throw new PotstillError({ code: 'DATA_NOT_FOUND', message: 'no file x.bin' });
    },
  }),
  schedule('names-its-option', {
    help: 'Throws a record with the place of an option.',
    options: z.strictObject({ factor: z.number().default(2) }),
    create: () => {
      throw new PotstillError({ code: 'RECIPE_BAD_VALUE', message: 'does not fit', path: '.factor' });
    },
  }),
  schedule('of-the-engine', {
    help: 'Throws an engine error.',
    options: z.strictObject({}),
    create: () => {
      throw new EngineError('ENGINE_SHAPE', 'matMul: 3 and 4', { hint: 'transpose' });
    },
  }),
  optimizer('nothing', {
    help: 'Forgets to return.',
    options: z.strictObject({}),
    create: () => undefined as never,
  }),
];
const acme: Plugin = { name: '@acme/a', version: '1.0.0', potstill: '*', components };

function open(options: Partial<RunContainerOptions> & { readonly plugins?: readonly Plugin[] } = {}) {
  const { plugins = [acme], ...rest } = options;
  const registry = createRegistry(plugins.map((plugin) => ({ plugin })));
  const container = createRunContainer({ registry, defaults: standard, ...rest });
  const plan = <K extends 'schedule' | 'optimizer'>(kind: K, name: string, given = {}): ComponentPlan<K> => {
    const { definition, plugin } = registry.get(kind, name);
    return { definition, plugin, options: definition.options.parse(given), path: 'train.rate' };
  };
  return { registry, container, plan };
}

async function refused(making: Promise<unknown>): Promise<PotstillError> {
  const reason: unknown = await making.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof PotstillError) return reason;
  throw new Error(`expected a PotstillError, got ${String(reason)}`);
}

describe('services', () => {
  it('are made once, when they are first read', () => {
    let made = 0;
    const defaults: ServiceFactories = { ...standard, clock: () => ({ now: () => ++made }) };
    const { container } = open({ defaults });
    expect(made).toBe(0);
    expect(container.services.clock.now()).toBe(1);
    expect(container.services.clock).toBe(container.services.clock);
    // The engine and the store would throw, had they been made.
    expect(container.explain()).not.toContain('engine');
  });

  it('have standard forms: seeded random numbers, a silent logger, paths, a cache below the runs', () => {
    const { services } = open().container;
    expect(services.random.uniform(3)).toEqual(randomStream(7).uniform(3));
    expect(services.logger.level).toBe('silent');
    expect(services.paths).toBe(paths);
    expect(services.cacheFolder.replaceAll('\\', '/')).toBe('/runs/.cache');
    expect(services.clock.now()).toBeGreaterThan(1.6e12);
    expect(() => services.progress.emit({ event: 'warning', code: 'X', message: 'x' })).not.toThrow();
  });

  it('are not shared between runs', () => {
    expect(open().container.services.clock).not.toBe(open().container.services.clock);
  });

  it('are rebound by a plugin, which may use the others', () => {
    const plugin: Plugin = {
      ...acme,
      components: [],
      services: { cacheFolder: (services) => `${services.paths.runsFolder}/kept` },
    };
    const { container } = open({ plugins: [plugin] });
    expect(container.services.cacheFolder).toBe('/runs/kept');
    expect(container.explain().replaceAll(/ {2,}/g, '  ').split('\n')).toEqual([
      `paths  made by potstill ${host.version}  for service cacheFolder`,
      'cacheFolder  made by @acme/a 1.0.0  for the run',
    ]);
  });

  it('are overridden by the caller, before any plugin', () => {
    const plugin: Plugin = { ...acme, components: [], services: { cacheFolder: unused } };
    const { container } = open({ plugins: [plugin], overrides: { cacheFolder: '/mine' } });
    expect(container.services.cacheFolder).toBe('/mine');
    expect(container.explain()).toContain('cacheFolder   given by the caller   for the run');
  });

  it('that need each other are an error with the circle', () => {
    const services: Plugin['services'] = {
      cacheFolder: ({ clock }) => String(clock.now()),
      clock: ({ cacheFolder }) => ({ now: () => cacheFolder.length, folder: cacheFolder }),
    };
    const { container } = open({ plugins: [{ ...acme, components: [], services }] });
    expect(() => container.services.clock).toThrow(
      'SERVICE_CYCLE: services depend on each other in a cycle: clock -> cacheFolder -> clock',
    );
  });

  it('that read each other later are none', () => {
    const services: Plugin['services'] = {
      cacheFolder: ({ clock }) => String(clock.now() > 0),
      clock: (others) => ({ now: () => (others.paths === paths ? 5 : 0) }),
    };
    expect(open({ plugins: [{ ...acme, components: [], services }] }).container.services.cacheFolder).toBe(
      'true',
    );
  });

  it('whose factory throws are the fault of their plugin', () => {
    const services: Plugin['services'] = {
      clock: () => {
        throw new Error('no battery');
      },
    };
    const { container } = open({ plugins: [{ ...acme, components: [], services }] });
    expect(() => container.services.clock).toThrow(
      'PLUGIN_FAILED: @acme/a 1.0.0 failed to create the service `clock`: no battery',
    );
  });
});

describe('make', () => {
  it('makes a component with its options and the services', async () => {
    const { container, plan } = open({ overrides: { cacheFolder: 'four' } });
    const made = await container.make(plan('schedule', 'folder-length', { factor: 3 }), {});
    expect(made({ step: 0, steps: 1, stepsPerEpoch: 1 })).toBe(12);
    expect(container.explain().split('\n')).toEqual([
      'cacheFolder                           given by the caller     for schedule folder-length (train.rate)',
      'schedule folder-length (train.rate)   made by @acme/a 1.0.0',
    ]);
  });

  it.each([
    ['throws', 'no such file'],
    ['rejects', 'later'],
  ])('names plugin, component and place when create %s', async (name, cause) => {
    const { container, plan } = open({
      trace: { place: (record) => ({ ...record, location: { file: 'r.yaml', line: 3 } }) },
    });
    const error = await refused(container.make(plan('schedule', name), {}));
    expect(error.records).toEqual([
      {
        code: 'PLUGIN_FAILED',
        message: `@acme/a 1.0.0 failed to create the schedule \`${name}\` (train.rate): ${cause}`,
        path: 'train.rate',
        location: { file: 'r.yaml', line: 3 },
      },
    ]);
    expect((error.cause as Error).message).toBe(cause);
  });

  it('lets records of ours through, with their place added', async () => {
    const { container, plan } = open();
    const own = await refused(container.make(plan('schedule', 'says-why'), {}));
    expect(own.records).toEqual([{ code: 'DATA_NOT_FOUND', message: 'no file x.bin', path: 'train.rate' }]);
    const engine = await refused(container.make(plan('schedule', 'of-the-engine'), {}));
    expect(engine.records).toEqual([
      { code: 'ENGINE_SHAPE', message: 'matMul: 3 and 4', hint: 'transpose', path: 'train.rate' },
    ]);
  });

  it('puts an option that an error names below the path of its component', async () => {
    const { container, plan } = open();
    const { records } = await refused(container.make(plan('schedule', 'names-its-option'), {}));
    expect(records[0]).toMatchObject({ code: 'RECIPE_BAD_VALUE', path: 'train.rate.factor' });
  });

  it('refuses a component that is nothing', async () => {
    const { container, plan } = open();
    const error = await refused(container.make(plan('optimizer', 'nothing'), {}));
    expect(error.message).toContain(
      'failed to create the optimizer `nothing` (train.rate): create returned undefined',
    );
  });

  it("leaves an unforeseen error of potstill's own components a bug", async () => {
    const { container, plan } = open({ plugins: [{ ...acme, name: 'potstill' }] });
    await expect(container.make(plan('schedule', 'throws'), {})).rejects.toThrow(TypeError);
  });
});

describe('dispose', () => {
  it('disposes of the engine that was made here, once, and of no other', async () => {
    let disposed = 0;
    const engine = { dispose: () => Promise.resolve(void disposed++) } as unknown as Engine;
    const mine = open({ defaults: { ...standard, engine: () => engine } }).container;
    await mine.dispose();
    expect(disposed).toBe(0);
    expect(mine.services.engine).toBe(engine);
    await mine.dispose();
    await mine.dispose();
    expect(disposed).toBe(1);
    const given: Partial<Services> = { engine };
    const other = open({ overrides: given }).container;
    expect(other.services.engine).toBe(engine);
    await other.dispose();
    expect(disposed).toBe(1);
  });
});

describe('definePlugin', () => {
  it('gives a plugin that can be registered as it is', () => {
    expect(createRegistry([{ plugin: definePlugin(acme) }]).names('schedule')).toContain('folder-length');
  });
});

// The registry: every check of a plugin, and what is said of names that are not there.
import { createRegistry, definePlugin, loss, metric, PotstillError, student, type Plugin } from 'potstill';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const never = (): never => {
  throw new Error('nothing is made while plugins are registered');
};
const options = z.strictObject({});
const plain = { help: 'Help.', options, create: never };

function plugin(name: string, change: Partial<Plugin> = {}): Plugin {
  return definePlugin({ name, version: '1.2.3', potstill: '^0.1.0', components: [], ...change });
}

function refused(...plugins: unknown[]): PotstillError {
  try {
    createRegistry(
      plugins.map((value, index) => ({ plugin: value, path: `plugins.${index}` })),
      { hostVersion: '0.1.4' },
    );
  } catch (error) {
    if (error instanceof PotstillError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('createRegistry', () => {
  it('holds what the plugins offer, by kind and name, and is frozen', () => {
    const hint = loss('hint', plain);
    const registry = createRegistry([
      { plugin: plugin('@acme/a', { components: [hint, student('tiny', plain)] }) },
      { plugin: plugin('@acme/b', { components: [metric('hint', plain), loss('acme/fsp', plain)] }) },
    ]);
    expect(registry.names('loss')).toEqual(['acme/fsp', 'hint']);
    expect(registry.names('teacher')).toEqual([]);
    expect(registry.kindsOf('hint')).toEqual(['loss', 'metric']);
    expect(registry.find('loss', 'hint')).toEqual({
      definition: hint,
      plugin: { name: '@acme/a', version: '1.2.3' },
    });
    expect(registry.find('student', 'hint')).toBeUndefined();
    expect(registry.all()).toHaveLength(4);
    expect(registry.plugins.map(({ name }) => name)).toEqual(['@acme/a', '@acme/b']);
    expect(Object.isFrozen(registry)).toBe(true);
  });

  it('holds nothing when there are no plugins', () => {
    expect(createRegistry([]).all()).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'a plugin is not a plugin: it is no object'],
    ['a function', never, 'it is no object'],
    ['an empty object', {}, 'it needs the key `name`: text'],
    [
      'a misspelt key',
      { ...plugin('@acme/a'), components: undefined, componets: [] },
      'did you mean `components`?',
    ],
    [
      'a version that is none',
      plugin('@acme/a', { version: 'one' }),
      '`version`: must be a version such as 1.2.0',
    ],
    ['a range that is none', plugin('@acme/a', { potstill: 'new' }), '`potstill`: must be a semver range'],
    [
      'an unknown kind',
      { ...plugin('@acme/a'), components: [{ ...loss('x', plain), kind: 'lose' }] },
      'must be `teacher`',
    ],
    [
      'a name with spaces',
      plugin('@acme/a', { components: [loss('my loss', plain)] }),
      '`components.0.name` must be lower-case',
    ],
    [
      'options that are no zod object',
      { ...plugin('@acme/a'), components: [{ ...loss('x', plain), options: {} }] },
      'z.strictObject',
    ],
    [
      'no create',
      { ...plugin('@acme/a'), components: [{ ...loss('x', plain), create: 1 }] },
      '`components.0.create`: must be a function',
    ],
    [
      'an option that recipes take for themselves',
      plugin('@acme/a', {
        components: [loss('x', { ...plain, options: z.strictObject({ weight: z.number() }) })],
      }),
      '`weight` cannot be an option of a loss',
    ],
    [
      'an unknown service',
      { ...plugin('@acme/a'), services: { lager: never } },
      'unknown key `lager` in `services`',
    ],
  ])('refuses %s', (_, value, message) => {
    const error = refused(value);
    expect(error.code).toBe('PLUGIN_INVALID');
    expect(error.message).toContain(message);
    expect(error.records[0].path).toBe('plugins.0');
  });

  it('refuses a plugin that is there already, with both versions', () => {
    const error = refused(plugin('@acme/a'), plugin('@acme/a', { version: '2.0.0' }));
    expect(error.message).toBe('PLUGIN_TWICE: the plugin @acme/a is registered twice: 1.2.3 and 2.0.0');
  });

  it('refuses a plugin made for another potstill', () => {
    const error = refused(plugin('@acme/a', { potstill: '^1.0.0' }));
    expect(error.message).toBe(
      'PLUGIN_HOST_VERSION: @acme/a 1.2.3 needs potstill ^1.0.0, and this is potstill 0.1.4',
    );
  });

  it('refuses a second component of the same kind and name, and names both plugins', () => {
    const components = [loss('hint', plain)];
    const error = refused(plugin('@acme/a', { components }), plugin('@acme/b', { components }));
    expect(error.message).toBe(
      'PLUGIN_DUPLICATE_NAME: the loss `hint` is provided by @acme/a 1.2.3 and @acme/b 1.2.3',
    );
    const own = refused(plugin('@acme/a', { components: [...components, ...components] }));
    expect(own.message).toContain('is provided by @acme/a 1.2.3 twice');
  });

  it('refuses a service that two plugins rebind, and names both', () => {
    const services = { cacheFolder: () => '/cache' };
    const error = refused(plugin('@acme/a', { services }), plugin('@acme/b', { services }));
    expect(error.message).toBe(
      'SERVICE_REBOUND_TWICE: the service `cacheFolder` is replaced by both @acme/a 1.2.3 and @acme/b 1.2.3',
    );
  });

  it('tells the faults of all plugins at once, each in the order of the checks', () => {
    const bad = plugin('@acme/a', { version: 'x', potstill: '^9.0.0' });
    const error = refused(bad, plugin('@acme/b', { potstill: '^9.0.0' }), plugin('@acme/c'));
    expect(error.records.map(({ code, path }) => [code, path])).toEqual([
      ['PLUGIN_INVALID', 'plugins.0'],
      ['PLUGIN_HOST_VERSION', 'plugins.1'],
    ]);
  });

  it("holds plugins against potstill's own version by default", () => {
    expect(() => createRegistry([{ plugin: plugin('@acme/a', { potstill: '<0.0.1' }) }])).toThrow(
      /this is potstill \d+\./,
    );
  });
});

describe('Registry.get', () => {
  const registry = createRegistry([
    { plugin: plugin('@acme/a', { components: [loss('hint', plain), student('tiny', plain)] }) },
  ]);

  it('gives what find gives', () => {
    expect(registry.get('loss', 'hint')).toBe(registry.find('loss', 'hint'));
  });

  it('says for an unknown name what is near and what there is', () => {
    try {
      registry.get('loss', 'hnit');
      expect.unreachable();
    } catch (error) {
      expect((error as PotstillError).records).toEqual([
        {
          code: 'RECIPE_UNKNOWN_COMPONENT',
          message: 'unknown loss `hnit`',
          hint: 'did you mean `hint`?',
          allowed: ['hint'],
        },
      ]);
    }
  });

  it('says for a name of another kind which kind it is', () => {
    expect(() => registry.get('student', 'hint')).toThrow(
      'RECIPE_WRONG_KIND: `hint` is a loss, and a student is expected',
    );
  });
});

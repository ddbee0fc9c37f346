// `potstill schema`: what editors say of a recipe agrees with what potstill says of it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import { componentsJsonSchema, definePlugin, loss } from 'potstill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { createRegistry } from '../../src/container/registry.js';
import { pluginFile, potstill } from '../cli/place.js';
import { sampleRegistry } from './sample-plugin.js';

const compile = (schema: Record<string, unknown>) =>
  new Ajv({ strict: false, allErrors: true }).compile(schema);
const schema = componentsJsonSchema(sampleRegistry.all());
const validate = compile(schema);
const read = (name: string) => parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as unknown;

const minimal = {
  name: 'minimal',
  data: { train: 'digits' },
  student: { use: 'mlp', hidden: [8] },
  losses: ['cross-entropy'],
  train: { epochs: 1 },
};

/** Places of what is wrong, in ajv's words. */
function faults(recipe: unknown): readonly string[] {
  validate(recipe);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

describe('componentsJsonSchema', () => {
  it('is a valid JSON Schema', () => {
    expect(new Ajv({ strict: false }).validateSchema(schema)).toBe(true);
  });

  it.each(['base.yaml', 'small.yaml', 'deeper/smallest.yaml'])('accepts good/%s', (file) => {
    // `null` takes a key away from the base, which editors need not know.
    const data = JSON.parse(
      JSON.stringify(read(`good/${file}`), (_, value: unknown) => value ?? undefined),
    ) as unknown;
    expect(faults(data)).toEqual([]);
  });

  it.each([
    'unknown-option.yaml',
    'not-installed-here.yaml',
    'option-union.yaml',
    'wrong-kind.yaml',
    'quoted-numbers.yaml',
    'many-at-once.yaml',
  ])('refuses wrong/%s', (file) => {
    expect(readdirSync(new URL('wrong', import.meta.url))).toContain(file);
    expect(validate(read(`wrong/${file}`))).toBe(false);
  });

  it.each([
    [{ student: { use: 'mlp', hiden: [8] } }, "/student must have required property 'hidden'"],
    [{ student: { use: 'mlp', hidden: [8], dropout: 'x' } }, '/student/dropout must be number'],
    [{ student: { use: 'mpl', hidden: [8] } }, '/student/use must be equal to one of the allowed values'],
    [{ losses: [{ use: 'soft-targets', temprature: 4 }] }, '/losses/0 must NOT have additional properties'],
    [{ data: { train: { use: 'digits', split: 'tset' } } }, '/data/train/split must be equal to one of'],
    [{ train: { epochs: 1, optimizer: { use: 'sgd', momentum: 7 } } }, '/train/optimizer/momentum must be'],
  ])('says of %j what is wrong', (change, fault) => {
    expect(faults({ ...minimal, ...change }).join('\n')).toContain(fault);
  });

  it('accepts what stands beside the options', () => {
    const losses = [{ use: 'soft-targets', weight: 0.5, name: 'soft' }];
    expect(faults({ ...minimal, losses })).toEqual([]);
  });

  it('asks a recipe that extends another for no more than it changes', () => {
    expect(faults({ extends: './base.yaml', student: { use: 'mlp', dropout: 0.1 } })).toEqual([]);
    expect(faults({ ...minimal, student: { use: 'mlp', dropout: 0.1 } })).not.toEqual([]);
    expect(faults({ extends: './base.yaml', student: { use: 'mlp', dropout: 'x' } })).not.toEqual([]);
  });

  it('takes any options of a component whose schema refers to itself', () => {
    const tree: z.ZodType = z.lazy(() => z.strictObject({ left: tree.optional() }));
    const plugin = definePlugin({
      name: 'trees',
      version: '1.0.0',
      potstill: '*',
      components: [
        loss('tree', { help: 'x', options: z.strictObject({ tree }), create: () => expect.fail('not made') }),
      ],
    });
    const check = compile(componentsJsonSchema(createRegistry([{ plugin }]).all()));
    check({ losses: [{ use: 'tree', tree: { left: { left: {} } } }] });
    expect(JSON.stringify(check.errors)).not.toContain('/losses');
  });
});

describe('potstill schema', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'potstill-schema-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("writes the components of potstill and of the plugins named, which the repository's recipes fit", async () => {
    const out = path.join(folder, 'recipe.schema.json');
    expect(await potstill(['schema', '-p', '@potstill/vision', '--out', out])).toEqual({
      code: 0,
      out: [out],
      err: [],
    });
    const check = compile(JSON.parse(await readFile(out, 'utf8')) as Record<string, unknown>);
    const recipes = new URL('../../../../recipes/vision/', import.meta.url);
    const files = readdirSync(recipes).filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      check(parse(readFileSync(new URL(file, recipes), 'utf8')));
      expect({ file, errors: check.errors }).toEqual({ file, errors: null });
    }
  });

  it('prints it', async () => {
    const { code, out } = await potstill(['schema', '-p', pluginFile]);
    expect(code).toBe(0);
    const printed = JSON.parse(out.join('\n')) as { definitions: Record<string, { properties: unknown }> };
    expect(JSON.stringify(printed.definitions.loss?.properties)).toContain('"tiny/hard"');
  });
});

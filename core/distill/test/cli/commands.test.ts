// The command line: what is understood, checked, listed and explained, with its exit codes.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Command } from 'commander';
import { runProgram } from '../../src/cli/run-program.js';
import { makePlace, pluginFile, potstill } from './place.js';

let folder: string;
let quick: string;
beforeAll(async () => {
  folder = await makePlace();
  quick = join(folder, 'quick.yaml');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Told {
  readonly event: string;
  readonly exitCode: number;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
}
const parse = (line: string | undefined) => JSON.parse(line ?? '') as Told;

describe('potstill', () => {
  it('prints its help on stderr and exits 2 when it is given no command', async () => {
    const { code, out, err } = await potstill([]);
    expect(code).toBe(2);
    expect(out).toEqual([]);
    expect(err[0]).toBe('Usage: potstill [options] [command]');
  });

  it('prints help with examples and exit codes on stdout', async () => {
    const { code, out, err } = await potstill(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out.join('\n')).toMatch(
      /\nExamples:\n {2}potstill run recipe\.yaml[\s\S]*\nExit codes:\n {4}0 {2}done\n {4}1 {2}the run failed\n[\s\S]*\n {2}130 {2}interrupted$/,
    );
  });

  it.each([
    'run',
    'check',
    'list',
    'explain',
    'evaluate',
    'cluster',
    'export',
    'schema',
    'inspect',
    'label',
    'store',
  ])('%s --help has an example', async (name) => {
    const { code, out } = await potstill([name, '--help']);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(new RegExp(`\nExamples?:\n {2}potstill ${name} `));
    expect(out.join('\n')).not.toContain('(default: [])');
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(await potstill(['--version'])).toEqual({ code: 0, out: [version], err: [] });
  });

  it('names the near command for a mistyped one', async () => {
    const { code, out, err } = await potstill(['chekc', 'x.yaml']);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(err.slice(0, 2)).toEqual(["error[USAGE]: unknown command 'chekc'", '  hint: did you mean check?']);
  });

  it.each([
    [['run', '--jsn', 'x.yaml'], "unknown option '--jsn'"],
    [['run'], "missing required argument 'recipe'"],
    [['evaluate', 'x.yaml', '--data', 'tset'], /argument 'tset' is invalid\. Allowed choices are train/],
    [['run', 'x.yaml', '--set'], /option '--set <path=value>' argument missing/],
    [['list', 'x.yaml'], /'x.yaml' is invalid for argument 'kind'/],
    [['run', 'x.yaml', '--folder', ''], /option '--folder <folder>' argument '' is invalid\. It is empty\./],
    [['evaluate', ' '], /argument value ' ' is invalid for argument 'recipe'\. It is empty\./],
  ])('refuses %j', async (words, message) => {
    const text = await potstill(words);
    expect(text.code).toBe(2);
    expect(text.err[0]).toMatch(message);
    const json = await potstill([...words.slice(0, 1), '--json', ...words.slice(1)]);
    if (words[0] === 'run' || words[0] === 'evaluate' || words[0] === 'list') {
      expect(json.err).toEqual([]);
      expect(json.out).toHaveLength(1);
      expect(parse(json.out[0])).toMatchObject({ event: 'error', exitCode: 2, errors: [{ code: 'USAGE' }] });
    }
  });
});

describe('potstill check', () => {
  it('says on stdout that a recipe is right', async () => {
    expect(await potstill(['check', quick])).toEqual({
      code: 0,
      out: [`${quick}: no mistakes found`],
      err: [],
    });
  });

  it('prints the recipe with everything filled in', async () => {
    const { out } = await potstill(['check', quick, '--resolved', '--set', 'train.seed=9']);
    expect(out).toContain('  seed: 9');
    expect(out.join('\n')).toMatch(/student:\n {2}use: mlp\n/);
    const json = await potstill(['check', quick, '--resolved', '--json']);
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({
      event: 'checked',
      name: 'tiny-student',
      resolved: { student: { use: 'mlp', hidden: [4] } },
    });
  });

  it('tells all mistakes at once, with places, and exits 2', async () => {
    const words = ['check', quick, '--set', 'train.epochs=-1', '--set', 'student.hiden=[3]'];
    const { code, out, err } = await potstill(words);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    const text = err.join('\n');
    expect(text).toMatch(/error\[RECIPE_BAD_OVERRIDE\].*epochs/);
    expect(text).toMatch(/error\[RECIPE_BAD_OVERRIDE\].*`hiden`/);
    expect(text).toMatch(/2 errors$/);
    const told = parse((await potstill([...words, '--json'])).out[0]);
    expect(told).toMatchObject({ event: 'error', exitCode: 2 });
    expect(told.errors).toHaveLength(2);
  });

  it("finds the mistakes of a teacher's recipe", async () => {
    const wrong = join(folder, 'wrong-teacher.yaml');
    await writeFile(wrong, (await readFile(join(folder, 'teacher.yaml'), 'utf8')).replace('mlp', 'mlpp'));
    const set = `teacher.recipe=${wrong}`;
    const { code, err } = await potstill(['check', join(folder, 'student.yaml'), '--set', set]);
    expect(code).toBe(2);
    expect(err.join('\n')).toMatch(/RECIPE_UNKNOWN_COMPONENT[\s\S]*wrong-teacher\.yaml:\d+:\d+/);
  });

  it('runs preflight with --deep, and says what it found', async () => {
    const { code, out } = await potstill(['check', quick, '--deep', '--runs', join(folder, 'none')]);
    expect(code).toBe(0);
    expect(out[0]).toBe('tiny-student');
    expect(out.join('\n')).toMatch(/\n {2}ok: teacher `logits`: /);
    expect(out.at(-1)).toBe(`${quick}: no mistakes found`);
    const json = await potstill(['check', quick, '--deep', '--json']);
    expect(parse(json.out[0])).toMatchObject({ event: 'checked', preflight: [{ recipe: 'tiny-student' }] });
    const wrong = await potstill(['check', quick, '--deep', '--set', 'train.select=acuracy']);
    expect(wrong.code).toBe(2);
  });

  it('says that a recipe is not there', async () => {
    const { code, err } = await potstill(['check', join(folder, 'none.yaml')]);
    expect(code).toBe(2);
    expect(err[0]).toMatch(/^error\[RECIPE_NOT_FOUND\]/);
  });
});

describe('names of other libraries', () => {
  it('are explained as what they are called here', async () => {
    const { out } = await potstill(['explain', 'kdloss']);
    expect(out[0]).toBe('KDLoss of torchdistill is `soft-targets` here.');
  });

  it('are explained once where two libraries share one', async () => {
    const { out } = await potstill(['explain', 'DISTLoss']);
    expect(out[0]).toBe('DISTLoss of torchdistill and MMRazor is `dist` here.');
    expect(out.filter((line) => line.endsWith('is `dist` here.'))).toHaveLength(1);
  });

  it('are told in a recipe', async () => {
    const file = join(folder, 'alias.yaml');
    await writeFile(
      file,
      JSON.stringify({ name: 'a', plugins: [], data: {}, student: 'mlp', losses: [{ use: 'KDLoss' }] }),
    );
    const { err } = await potstill(['check', file]);
    expect(err.join('\n')).toContain('`KDLoss` of torchdistill is `soft-targets` here');
  });
});

describe('potstill list', () => {
  it('lists components by kind, those of plugins asked for too', async () => {
    const { code, out } = await potstill(['list', '-p', pluginFile]);
    expect(code).toBe(0);
    expect(out[0]).toMatch(/^plugins: potstill \S+, tiny 1\.0\.0$/);
    expect(out).toContain('loss');
    expect(out.join('\n')).toMatch(/\n {2}tiny\/hard +cross-entropy by hand\n/);
  });

  it('lists them as JSON', async () => {
    const listed = JSON.parse((await potstill(['list', '--json'])).out[0] ?? '') as {
      components: { kind: string; name: string; help: string; plugin: string }[];
    };
    expect(listed.components).toContainEqual(
      expect.objectContaining({ kind: 'loss', name: 'soft-targets', plugin: 'potstill' }),
    );
    expect(listed.components.every(({ help }) => help.length > 0)).toBe(true);
  });

  it('lists one kind, and what students give', async () => {
    const { out } = await potstill(['list', 'students']);
    expect(out.filter((line) => /^[a-z]+$/.test(line))).toEqual(['student']);
    const json = await potstill(['list', 'student', '--json']);
    const listed = JSON.parse(json.out[0] ?? '') as { components: { kind: string; outputs: object }[] };
    expect(listed.components.map(({ kind }) => kind)).toEqual(['student', 'student', 'student']);
    for (const { outputs } of listed.components) expect(outputs).toHaveProperty('logits');
    const wrong = await potstill(['list', 'loses']);
    expect(wrong.code).toBe(2);
    expect(wrong.err[0]).toMatch(
      /'loses' is invalid for argument 'kind'. Allowed choices are teachers, students, losses/,
    );
  });

  it('prints published methods as a page, with citation and names elsewhere', async () => {
    const { code, out } = await potstill(['list', 'losses', '--markdown']);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(
      /### soft-targets\n[^]*Hinton, Vinyals & Dean 2015[^]*`KDLoss`.* \(torchdistill\)/,
    );
    const json = JSON.parse((await potstill(['list', 'losses', '--json'])).out[0] ?? '') as {
      components: { name: string; method: { paper: string } }[];
    };
    expect(json.components.find(({ name }) => name === 'soft-targets')?.method.paper).toMatch(/Hinton/);
    expect((await potstill(['list', '--json', '--markdown'])).code).toBe(2);
  });

  it('says how to get a plugin that is not installed', async () => {
    const { code, err } = await potstill(['list', '-p', '@acme/none']);
    expect(code).toBe(2);
    expect(err.slice(0, 2)).toEqual([
      'error[PLUGIN_NOT_FOUND]: the plugin @acme/none is not installed',
      '  hint: npm install @acme/none',
    ]);
  });
});

describe('potstill explain', () => {
  it('explains error codes in any case, and components', async () => {
    expect((await potstill(['explain', 'train_not_finite'])).out[0]).toBe('TRAIN_NOT_FINITE');
    expect((await potstill(['explain', 'soft-targets'])).out[0]).toMatch(/^soft-targets: loss of potstill /);
    expect((await potstill(['explain', 'tiny/hard', '-p', pluginFile])).out[0]).toBe(
      'tiny/hard: loss of tiny 1.0.0',
    );
  });

  it.each(['run', 'check', 'evaluate', 'export', 'verify', 'inspect', 'list', 'explain', 'schema'])(
    'explains the command %s as its help does',
    async (name) => {
      const help = (await potstill([name, '--help'])).out.join('\n');
      expect((await potstill(['explain', name])).out.join('\n')).toContain(help);
    },
  );

  it('explains options of commands and keys of recipes', async () => {
    expect((await potstill(['explain', '--', '--resume'])).out).toEqual([
      expect.stringMatching(/^potstill run --resume: /),
    ]);
    expect((await potstill(['explain', 'train.seed'])).out[0]).toBe('train.seed: key of a recipe');
    const { err } = await potstill(['explain', '--', '--resum']);
    expect(err[1]).toBe('  hint: did you mean `--resume`?');
  });

  it('names the near one for what is neither', async () => {
    const { code, err } = await potstill(['explain', 'soft-target']);
    expect(code).toBe(2);
    expect(err.slice(0, 2)).toEqual([
      'error[USAGE]: there is no component, recipe key, command or error code named `soft-target`',
      '  hint: did you mean `soft-targets`?',
    ]);
  });
});

describe('runProgram', () => {
  const failing = (error: unknown) => () =>
    new Command('potstill')
      .exitOverride()
      .argument('[words...]')
      .allowUnknownOption()
      .action(() => {
        throw error;
      });
  const collect = async (error: unknown, words: string[]) => {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runProgram(failing(error), words, {
      print: (text) => out.push(text),
      note: (text) => err.push(text),
      styled: (text) => err.push(text),
      terminal: false,
      color: true,
      width: 100,
      unread: new AbortController().signal,
    });
    return { code, out, err };
  };

  it('exits 70 with the stack for a bug, and asks for a report', async () => {
    const { code, err } = await collect(new Error('internal: impossible'), []);
    expect(code).toBe(70);
    expect(err.join('\n')).toMatch(/INTERNAL[\s\S]*internal: impossible[\s\S]*report[\s\S]*\n {4}at /);
  });

  it('tells what is thrown and is no error', async () => {
    const { code, out } = await collect('just words', ['--json']);
    expect(code).toBe(70);
    expect(parse(out[0]).errors).toMatchObject([{ code: 'INTERNAL', message: 'just words' }]);
  });

  it('takes --json behind -- for an argument', async () => {
    const { out, err } = await collect(new Error('internal: x'), ['--', '--json']);
    expect(out).toEqual([]);
    expect(err).toHaveLength(1);
  });

  it('colours errors where the output says so', async () => {
    expect((await collect(new Error('x'), [])).err[0]).toContain('\u001b[31m');
  });
});

// The documents against the code: links that lead somewhere, recipes that pass their check, commands that exist.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../core/distill/src/cli/program.js';
import { potstill as runHere } from '../core/distill/test/cli/place.js';
import { root } from './support/processes.js';

const found = async (folder: string, extension: string) =>
  (await readdir(join(root, folder), { recursive: true }))
    .filter((file) => file.endsWith(extension) && !/(^|[\\/])(node_modules|runs)[\\/]/.test(file))
    .map((file) => join(folder, file))
    .sort();

const pages = await Promise.all(
  [
    ...(await readdir(root)).filter((name) => name.endsWith('.md')),
    'core/distill/README.md',
    'core/engine/README.md',
    'plugins/vision/README.md',
    ...(await found('docs', '.md')),
    ...(await found('recipes', '.md')),
  ].map(async (file) => ({ file, text: await readFile(join(root, file), 'utf8') })),
);

const fence = /^```(\w*)\n([\s\S]*?)^```/gm;
const prose = (text: string) => text.replaceAll(fence, '');

/** The anchors of a page, as GitHub makes them of its headings. */
function anchors(text: string): Set<string> {
  const names = new Set<string>();
  for (const [, heading = ''] of prose(text).matchAll(/^#+ +(.*)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let name = slug;
    for (let count = 1; names.has(name); count++) name = `${slug}-${count}`;
    names.add(name);
  }
  return names;
}

/** What is wrong with the relative links of a page. */
async function brokenLinks(file: string, text: string): Promise<string[]> {
  const broken: string[] = [];
  const words = prose(text).replace(/`[^`\n]*`/g, '');
  for (const [, target = ''] of words.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const to = path === '' ? undefined : resolve(root, dirname(file), path);
    if (to !== undefined && !existsSync(to)) broken.push(target);
    else if (anchor !== undefined) {
      const there = to === undefined ? text : await readFile(to, 'utf8');
      if (!anchors(there).has(anchor)) broken.push(target);
    }
  }
  return broken;
}

interface Command {
  readonly words: readonly string[];
  /** Between backticks in a sentence, where `potstill run` is the name of a command rather than one to copy. */
  readonly inText: boolean;
}

/** The commands that a page shows that begin with `first`, in code blocks without a language and between backticks. */
function commands(text: string, first: string): Command[] {
  const blocks = [...text.matchAll(fence)].filter(([, language = '']) => /^(|sh|bash)$/.test(language));
  const lines = blocks.flatMap(([, , block = '']) => block.split('\n'));
  const spans = [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  const split = (inText: boolean) => (line: string) => ({
    words: line.replace(/ #.*$/, '').trim().split(/\s+/),
    inText,
  });
  const start = first.split(' ');
  return [...lines.map(split(false)), ...spans.map(split(true))]
    .filter(({ words }) => start.every((word, at) => words[at] === word) && words.length > start.length)
    .map(({ words, inText }) => ({ words: words.slice(start.length), inText }));
}
const npmScripts = (text: string) => commands(text, 'npm run').map(({ words: [name = ''] }) => name);
const potstillCommands = (text: string) =>
  [...commands(text, 'potstill'), ...commands(text, 'npx potstill')]
    // `npx potstill …` stands for any command.
    .filter(({ words: [word] }) => word !== '…');

/** The commands of potstill, which are read and do nothing. */
const parser: typeof program = (output) => {
  const commander = program(output);
  const quiet = (command: ReturnType<typeof program>): void => {
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(quiet);
  };
  commander.commands.forEach(quiet);
  return commander;
};

/** Runs a command line in this process, or, with `only: 'parse'`, reads it without doing anything. */
async function potstill(words: readonly string[], { only }: { only?: 'parse' } = {}) {
  const { code, out, err } = await runHere(words, only === 'parse' ? { build: parser } : {});
  return { code, said: [...out, ...err].join('\n') };
}

describe.each(pages)('$file', ({ file, text }) => {
  it('links to files and headings that are there', async () => {
    expect(await brokenLinks(file, text)).toEqual([]);
  });

  it('shows npm scripts that are there', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const short = ['start', 'test'].filter((name) => text.includes(`npm ${name}`));
    expect([...short, ...npmScripts(text)].filter((name) => !(name in scripts))).toEqual([]);
  });

  it('shows commands that potstill understands', async () => {
    for (const { words, inText } of potstillCommands(text)) {
      const line = `potstill ${words.join(' ')}`;
      const { code, said } = await potstill(words, { only: 'parse' });
      if (!(inText && said.includes('missing required argument')))
        expect({ line, code, said }).toMatchObject({ line, code: 0 });
      // In `explain NAME` and `explain CODE` the word stands for any.
      const [command, name] = words;
      if (command === 'explain' && name !== undefined && !['NAME', 'CODE'].includes(name))
        expect({ line, ...(await potstill(words)) }).toMatchObject({ line, code: 0 });
    }
  });

  it('names files of this repository that are there', () => {
    const spans = [...prose(text).matchAll(/`((?:core|plugins|recipes|docs|test|tools|bench)\/[\w./-]*)`/g)];
    const recipes = [...text.matchAll(/\b(recipes\/[\w./-]+\.yaml)/g)];
    const paths = [...spans, ...recipes].map(([, path = '']) => path);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('what the documents are held against', () => {
  // A pattern that matches nothing would pass for good.
  it('is found in them: links, npm scripts, commands', () => {
    const all = pages.map(({ text }) => text).join('\n');
    expect([...all.matchAll(/\]\([^)\s]+\)/g)].length).toBeGreaterThan(10);
    expect(npmScripts(all)).toEqual(expect.arrayContaining(['build', 'lint', 'bench']));
    expect(potstillCommands(all).map(({ words: [word] }) => word)).toEqual(
      expect.arrayContaining(['run', 'check', 'list', 'explain', 'evaluate', '--help']),
    );
  });

  it('tells of dead links, headings, commands and options', async () => {
    const page = '# A page\n[a](none.md) [b](docs/errors.md) [c](#a-page) [d](#b)\n`[e](none.md)`';
    expect(await brokenLinks('README.md', page)).toEqual(['none.md', '#b']);
    expect((await potstill(['rn', 'recipe.yaml'], { only: 'parse' })).code).toBe(2);
    expect((await potstill(['run', 'recipe.yaml', '--resum'], { only: 'parse' })).code).toBe(2);
  });
});

describe('recipes that are shown', () => {
  const recipes: string[] = [];
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'potstill-docs-'));
    for (const { text } of pages)
      for (const [, language, block = ''] of text.matchAll(fence))
        if (language === 'yaml' && /^name:/m.test(block)) recipes.push(block);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('pass the check, with any teacher of their student', async () => {
    expect(recipes.length).toBeGreaterThanOrEqual(3);
    const teacher = await readFile(join(root, 'recipes/vision/mnist-quick-teacher.yaml'), 'utf8');
    for (const block of recipes) {
      for (const [, name = ''] of block.matchAll(/recipe: \.\/([\w-]+\.yaml)/g))
        await writeFile(join(folder, name), teacher);
      await writeFile(join(folder, 'recipe.yaml'), block);
      expect({ block, ...(await potstill(['check', join(folder, 'recipe.yaml')])) }).toMatchObject({
        code: 0,
      });
    }
  });
});

describe('potstill check', async () => {
  it.for(await found('recipes', '.yaml'))('finds no mistake in %s', async (file, { skip }) => {
    const needsData = (await readFile(join(root, file), 'utf8')).includes(' data:models/');
    if (needsData && !process.env.POTSTILL_DATA) {
      if (process.env.CI) throw new Error('POTSTILL_DATA must be set in CI');
      skip('POTSTILL_DATA is not set');
    }
    const shown = relative(process.cwd(), join(root, file));
    expect(await potstill(['check', shown])).toEqual({ code: 0, said: `${shown}: no mistakes found` });
  });
});

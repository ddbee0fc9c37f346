// The README: its recipe is one, and it names what the plugin has.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vision from '@potstill/vision';
import { builtInPlugin, openRecipe } from 'potstill';
import { describe, expect, it } from 'vitest';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

describe('README of @potstill/vision', () => {
  it('shows a recipe that passes all checks', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'potstill-vision-readme-'));
    const file = join(folder, 'digits.yaml');
    await writeFile(file, /```yaml\n([^]*?)```/.exec(readme)?.[1] ?? '');
    const known = new Map([['@potstill/vision', vision]]);
    const { plan } = await openRecipe(file, { builtIn: [builtInPlugin], known });
    expect(plan.data.train.component.definition.name).toBe('vision/mnist');
    await rm(folder, { recursive: true });
  });

  it('names every component', () => {
    const rows = [...readme.matchAll(/^\| `(vision\/[a-z-]+)` +\|/gm)].map((match) => match[1]);
    expect(rows.sort()).toEqual(vision.components.map(({ name }) => name).sort());
  });
});

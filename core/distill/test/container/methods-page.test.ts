// docs/methods.md is current, and a plugin's losses get the same rows.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loss, lossComponents } from 'potstill';
import prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { methodsDocument } from '../../scripts/methods-document.js';
import { methodsPage } from '../../src/container/methods-page.js';

const file = fileURLToPath(new URL('../../../../docs/methods.md', import.meta.url));

describe('docs/methods.md', () => {
  it('is current (write it anew with core/distill/scripts/write-docs.ts)', async () => {
    const config = await prettier.resolveConfig(file);
    const now = await prettier.format(methodsDocument(), { ...config, filepath: file });
    expect(readFileSync(file, 'utf8')).toBe(now);
  });

  it('has a section for every loss', () => {
    const page = methodsDocument();
    for (const { name } of lossComponents) expect(page).toContain(`### ${name}\n`);
  });
});

describe('methodsPage', () => {
  const own = loss('acme/ratio', {
    help: 'A ratio | of <norms>.',
    method: {
      paper: 'Doe 2020: Ratios, section 2',
      url: 'https://example.org/ratios',
      formula: '|z| / |v|',
      family: 'ratios',
      student: ['embedding'],
      teacher: ['embedding'],
      aliases: { acme: ['RatioLoss'] },
      example: { use: 'acme/ratio', student: 'features', weight: 0.5, layers: ['a -> b'] },
      note: 'Signs are ours.',
    },
    options: z.strictObject({ power: z.number().default(2).describe('Of the norm.') }),
    create: () => {
      throw new Error('not made');
    },
  });
  const found = [{ definition: own, plugin: { name: 'acme', version: '1.0.0' } }];

  it('gives a plugin’s own family a heading and its loss a row and a section', () => {
    const page = methodsPage(found, { costs: { 'acme/ratio': { potstill: 0.4, torchdistill: 0.5 } } });
    expect(page).toContain('## Ratios');
    expect(page).toContain(
      '| [acme/ratio](#acmeratio) | embedding | embedding | - | may differ | 0.40 (0.50) |',
    );
    expect(page).toContain('A ratio \\| of &lt;norms>.');
    expect(page).toContain('Also known as `RatioLoss` (acme).');
    expect(page).toContain('| `power` | `2` | Of the norm. |');
    expect(page).toContain('  - { use: acme/ratio, student: features, weight: 0.5, layers: ["a -> b"] }');
  });

  it('leaves out components that are no published method', () => {
    const { method: _, ...plain } = own;
    expect(methodsPage([{ ...found[0], definition: plain }] as typeof found)).toBe('');
  });
});

// The README's example of `fit`, from the packed engine in a folder outside the repository: by npm, tsc and node.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Outside } from './support/outside.js';

let outside: Outside;
beforeAll(async () => {
  outside = await Outside.install(['core/engine'], ['@tensorflow/tfjs@4.22.0']);
  const readme = await readFile(outside.path('node_modules/@potstill/engine/README.md'), 'utf8');
  const [, example] = /## From model\.fit to the engine[^]*?```js\n([^]*?)```/.exec(readme) ?? [];
  if (example === undefined) throw new Error('the README of the engine shows no example of fit');
  await outside.write('example.mjs', example);
  await outside.write('example.mts', `declare const console: { log(value: unknown): void };\n${example}`);
}, 240_000);
afterAll(() => outside.remove());

describe('the packed engine', () => {
  it('trains the README example, whose loss falls', async () => {
    const { code, out, err } = await outside.node('example.mjs');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const losses = (/\[([^\]]*)\]/.exec(out)?.[1] ?? '').split(',').map(Number);
    expect(losses).toHaveLength(5);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  });

  it('has types that the example passes', async () => {
    expect(await outside.tsc(['example.mts'], { noEmit: true })).toEqual({ code: 0, out: '', err: '' });
  }, 120_000);
});

// The README's example, as it stands there.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScript } from './helpers/script.js';

describe('the example of the README', () => {
  it('trains the variable to the solution', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const code = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
    const { status, stdout, stderr } = runScript(`${code}\nconsole.log(JSON.stringify([...w.dataSync()]));`);
    expect([status, stderr]).toEqual([0, '']);
    const [first, second] = JSON.parse(stdout) as number[];
    expect(first).toBeCloseTo(2, 2);
    expect(second).toBeCloseTo(-1, 2);
  });
});

// Every case of a folder: test/cases, or the one that `npm run test:cases -- FOLDER` names.
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCases, runCase } from './support/case.js';
import { build, root } from './support/processes.js';

const folder = resolve(process.env.POTSTILL_CASES ?? `${root}/test/cases`);
const cases = await readCases(folder);

beforeAll(build);

describe('cases', () => {
  it('are there', () => {
    expect(cases.length).toBeGreaterThan(0);
  });

  it.each(cases)(
    '$title',
    async (each) => {
      expect(await runCase(each)).toEqual([]);
    },
    600_000,
  );
});

// The closing table of a run, as it stands on the terminal.
import { describe, expect, it } from 'vitest';
import { summaryTable } from '../../src/cli/summary-table.js';
import type { ModelSummary, Summary } from '../../src/run/summary.js';

const model = (numbers: Partial<ModelSummary>): ModelSummary => ({
  figures: {},
  parameters: null,
  bytes: null,
  latencyMs: null,
  ...numbers,
});

const summary: Summary = {
  summaryFormat: 2,
  name: 'run',
  seed: 1,
  recipeHash: '',
  versions: {},
  task: 'classification',
  primary: 'errors',
  columns: ['errors', 'accuracy', 'agreement'],
  figures: [
    { name: 'errors', title: 'Errors', unit: 'count', better: 'lower' },
    { name: 'accuracy', title: 'Accuracy', unit: 'share', better: 'higher' },
    { name: 'agreement', title: 'Agreement', unit: 'share', better: 'higher' },
  ],
  teacher: model({
    figures: { errors: 254, accuracy: 0.9746 },
    parameters: 1276810,
    bytes: 5109240,
    latencyMs: 0.21,
  }),
  baseline: model({
    figures: { errors: 1496, accuracy: 0.8504, agreement: 0.96 },
    parameters: 55050,
    latencyMs: 0.034,
  }),
  student: model({
    figures: { errors: 372, accuracy: 0.9628, agreement: 0.9731 },
    parameters: 55050,
    bytes: 221460,
    latencyMs: 0.034,
  }),
  verdict: { outcome: 'helped', p: 1e-9, closed: 0.905, claim: 'Distillation helped (p < 0.001).' },
  evaluatedOn: 'test',
  adjustments: [],
  exports: [],
  preflight: [],
  warnings: [],
  seconds: 1,
};

describe('summaryTable', () => {
  it('aligns thousands, one unit a column, and ends with what the difference is worth', () => {
    expect(summaryTable(summary).split('\n')).toEqual([
      'on test data   errors  accuracy  agreement  parameters        size   latency',
      'teacher           254   97.46 %          -   1,276,810  5,109.2 kB  0.210 ms',
      'student alone   1,496   85.04 %    96.00 %      55,050           -  0.034 ms',
      'distilled         372   96.28 %    97.31 %      55,050    221.5 kB  0.034 ms',
      '',
      'Distillation helped (p < 0.001).',
    ]);
  });

  it('has no column without a number, and no verdict where nothing was compared', () => {
    const bare: Summary = {
      ...summary,
      teacher: null,
      baseline: null,
      student: model({ figures: { errors: 3 }, parameters: 2_000_000, bytes: 8_000_000 }),
      verdict: { outcome: 'not-compared', p: null, closed: null, claim: null },
    };
    expect(summaryTable(bare).split('\n')).toEqual([
      'on test data  errors  parameters     size',
      'student            3   2,000,000  8.00 MB',
    ]);
  });

  it('reads summaries of version 0.1.0, which have no verdict', () => {
    const { verdict: _, ...old } = summary;
    expect(summaryTable(old)).not.toContain('undefined');
  });
});

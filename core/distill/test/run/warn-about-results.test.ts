// Which warnings a run's figures raise: chance decides between 'did not help' and 'hurt'.
import { describe, expect, it } from 'vitest';
import type { Evaluation } from 'potstill';
import { compareAnswers } from '../../src/tasks/classification/discordance.js';
import type { RunContext } from '../../src/run/context.js';
import { warnAboutResults } from '../../src/run/warn-about-results.js';

/** A model that is wrong on `errors` of 200 examples, from number `first` on. */
function model(errors: number, first = 0): Evaluation {
  const count = 200;
  const values = Float64Array.from({ length: count }, (_, i) => Number(i >= first && i < first + errors));
  return {
    count,
    indices: Int32Array.from({ length: count }, (_, i) => i),
    figures: { errors },
    artefacts: {},
    perExample: { errors: { figures: ['errors'], better: 'lower', values } },
  };
}

function warnings(models: Parameters<typeof warnAboutResults>[1], role = 'test') {
  const said: { code: string; message: string }[] = [];
  const context = {
    log: { warn: (warning: { code: string; message: string }) => said.push(warning) },
    data: { [role]: {}, train: {} },
    task: { name: 'classification', task: { primary: 'errors', compare: compareAnswers } },
    figures: [{ name: 'errors', title: 'Errors', singular: 'error', unit: 'count', better: 'lower' }],
  };
  warnAboutResults(context as unknown as RunContext, models);
  return said;
}
const codes = (...of: Parameters<typeof warnings>) => warnings(...of).map(({ code }) => code);

describe('warnings about results', () => {
  it('says nothing when distillation helped beyond chance', () => {
    expect(codes({ teacher: model(5), baseline: model(60), student: model(10) })).toEqual([]);
  });

  it("says 'hurt' when the distilled student is worse beyond chance", () => {
    const [warning, ...others] = warnings({ teacher: model(5), baseline: model(10), student: model(60) });
    expect(others).toEqual([]);
    expect(warning).toMatchObject({
      code: 'RUN_DISTILLED_HURT',
      message:
        'distillation hurt: 60 errors for the distilled student, 10 errors for the same student without a teacher (p < 0.001, McNemar’s exact test)',
    });
  });

  it.each([
    ['a little worse', 33],
    ['as good', 30],
    ['a little better', 28],
  ])("says 'did not help' when the distilled student is %s, which may be chance", (_what, errors) => {
    const [warning, ...others] = warnings({ teacher: model(1), baseline: model(30), student: model(errors) });
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ code: 'RUN_DISTILLED_NOT_BETTER' });
    expect(warning?.message).toMatch(
      /^distillation did not help: \d+ errors .* \(p = [\d.]+, McNemar’s exact test\)$/,
    );
  });

  it('says that the labels beat the teacher only beyond chance', () => {
    expect(codes({ teacher: model(60), baseline: model(20), student: model(1) })).toEqual([
      'RUN_LABELS_BEAT_TEACHER',
    ]);
    expect(codes({ teacher: model(21), baseline: model(20), student: model(1) })).toEqual([]);
  });

  it('goes by the figures alone where answers were not kept', () => {
    const plain = (errors: number): Evaluation => ({ ...model(errors), perExample: {} });
    expect(codes({ teacher: plain(5), baseline: plain(10), student: plain(11) })).toEqual([
      'RUN_DISTILLED_NOT_BETTER',
    ]);
    expect(codes({ teacher: plain(5), baseline: plain(10), student: plain(9) })).toEqual([]);
  });

  it('says when figures are not of test data', () => {
    expect(codes({ student: model(5) }, 'validation')).toEqual(['RUN_NO_TEST_DATA']);
  });
});

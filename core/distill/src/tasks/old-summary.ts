// Summaries of potstill 0.1.0, which knew classification alone, in the format of today.
import { z } from 'zod';

const numbers = z.record(z.string(), z.number().nullable());
const model = z.looseObject({ metrics: numbers });
const old = z.looseObject({
  teacher: model.nullable(),
  baseline: model.nullable(),
  student: model,
  biasCorrection: z
    .looseObject({
      classes: z.array(z.int()),
      offset: z.number(),
      testErrors: z.object({ before: z.number().nullable(), after: z.number().nullable() }),
    })
    .nullish(),
});

const figures = [
  { name: 'errors', title: 'Errors', singular: 'error', unit: 'count', better: 'lower' },
  { name: 'accuracy', title: 'Accuracy', unit: 'share', better: 'higher' },
  { name: 'agreement', title: 'Agreement with teacher', unit: 'share', better: 'higher' },
];

/** A summary of format 1 in format 2; anything else as it is. */
export function upgradeSummary(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || 'summaryFormat' in value) return value;
  const read = old.safeParse(value);
  if (!read.success) return value;
  const { teacher, baseline, student, biasCorrection, ...rest } = read.data;
  const named = [
    ...new Set([student, baseline, teacher].flatMap((each) => Object.keys(each?.metrics ?? {}))),
  ];
  const known = figures.filter(({ name }) => named.includes(name));
  return {
    ...rest,
    summaryFormat: 2,
    task: 'classification',
    primary: known[0]?.name ?? null,
    columns: known.map(({ name }) => name),
    figures: [
      ...known,
      ...named
        .filter((name) => !figures.some((figure) => figure.name === name))
        .map((name) => ({ name, title: name, unit: 'number', better: null })),
    ],
    teacher: teacher && upgradeModel(teacher),
    baseline: baseline && upgradeModel(baseline),
    student: upgradeModel(student),
    adjustments: biasCorrection ? [upgradeCorrection(biasCorrection)] : [],
  };
}

function upgradeModel({ metrics, ...size }: z.output<typeof model>): unknown {
  const { errors: _errors, accuracy: _accuracy, agreement: _agreement, ...rest } = size;
  return { ...rest, figures: metrics };
}

function upgradeCorrection({
  testErrors,
  ...data
}: NonNullable<z.output<typeof old>['biasCorrection']>): unknown {
  return {
    kind: 'bias-correction',
    words: `classes ${data.classes.join(', ')} shifted by ${data.offset.toPrecision(3)}`,
    data,
    before: { errors: testErrors.before },
    after: { errors: testErrors.after },
  };
}

// The task `regression`: numbers an example.
import { z } from 'zod';
import type { Finding, Section, SectionInput, TaskParts, TaskSample } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { numberRows } from '../../evaluate/numbers.js';
import { task } from '../../plugin/define.js';
import { axisOf, modelEncodings, renderChart } from '../../report/charts/index.js';
import { number, percent } from '../../report/format.js';
import { html } from '../../report/html.js';

/** More points than this hide one another. */
const pointsShown = 400;

export const regression = task('regression', {
  help: 'numbers an example, from an output and a float32 target of as many numbers',
  options: z.strictObject({
    output: z.string().default('logits').describe('output of student and teacher that is judged'),
  }),
  create: ({ output }, _services, { data }) => {
    const labelled = data.target !== undefined;
    return {
      primary: 'rmse',
      columns: ['rmse', 'mae', 'r2'],
      hardLoss: labelled ? { use: 'squared-error', student: output } : undefined,
      metrics: { always: labelled ? [{ use: 'deviation', output }] : [], withTeacher: [] },
      sections: [numbersSection],
      checkParts: (parts) => checkWidths(parts, output),
      checkSample: (sample) => checkTeacher(sample, output),
    };
  },
});

function checkWidths({ data, student, teacher }: TaskParts, output: string): Finding[] {
  const { target } = data;
  const wanted = target === undefined ? undefined : widthOf(data.spec[target]?.shape);
  if (wanted === undefined) return [];
  for (const [who, outputs] of [
    ['student', student.outputs],
    ['teacher', teacher?.outputs ?? {}],
  ] as const) {
    const width = widthOf(outputs[output]?.shape);
    if (outputs[output] === undefined || width === undefined || width === wanted) continue;
    throw new PotstillError({
      code: 'PREFLIGHT_LABELS',
      message: `the target \`${target ?? ''}\` has ${wanted} ${wanted === 1 ? 'number' : 'numbers'} an example, the ${who}'s \`${output}\` has ${width}`,
      hint: `Give the ${who} one output for each number of the target.`,
    });
  }
  return [
    {
      level: 'ok',
      code: 'target',
      message: `the target has ${wanted} ${wanted === 1 ? 'number' : 'numbers'} an example`,
    },
  ];
}

function widthOf(shape: readonly (number | null)[] | undefined): number | undefined {
  if (!shape || shape.includes(null)) return undefined;
  return (shape as readonly number[]).reduce((product, length) => product * length, 1);
}

/** Against always saying the mean of the sample: chance of a regression. */
function checkTeacher({ data, sample, answers }: TaskSample, output: string): Finding[] {
  const { target } = data;
  if (target === undefined || !answers[output]) return [];
  const { own, truth } = numberRows(answers, output, sample.tensors, target);
  const known = Array.from(truth, (value, at) => [value, own[at] as number] as const).filter(
    ([value]) => !Number.isNaN(value),
  );
  if (known.length < 2) return [];
  const mean = known.reduce((sum, [value]) => sum + value, 0) / known.length;
  const spread = known.reduce((sum, [value]) => sum + (value - mean) ** 2, 0);
  const rest = known.reduce((sum, [value, answer]) => sum + (value - answer) ** 2, 0);
  if (spread === 0) return [];
  const explained = 1 - rest / spread;
  const said = `the teacher explains ${percent(explained)} of the variance of ${known.length} numbers`;
  if (explained > 0) return [{ level: 'ok', code: 'teacher', message: said }];
  return [
    {
      level: 'warning',
      code: 'PREFLIGHT_TEACHER_CHANCE',
      message: `${said}: no better than always saying their mean`,
      hint: "Check the scale of the teacher's answers and of the target, and that the teacher receives inputs as in its own training.",
    },
  ];
}

type Pairs = readonly { readonly truth: number; readonly predicted: number }[];

/** Undefined when single answers were not kept. */
async function numbersSection({ models }: SectionInput): Promise<Section | undefined> {
  const shown = models.filter(({ model }) => model.evaluation?.artefacts.numbers !== undefined);
  const values = shown.flatMap(({ name, model }) =>
    thinned(model.evaluation?.artefacts.numbers as Pairs).map((pair) => ({ model: name, ...pair })),
  );
  if (values.length === 0) return undefined;
  const truths = values.map(({ truth }) => truth);
  const [low, high] = [Math.min(...truths), Math.max(...truths)];
  const { color, shape } = modelEncodings(shown);
  const x = {
    field: 'truth',
    type: 'quantitative' as const,
    scale: { zero: false },
    axis: axisOf('number', 'truth'),
  };
  const y = {
    field: 'predicted',
    type: 'quantitative' as const,
    scale: { zero: false },
    axis: axisOf('number', 'prediction'),
  };
  const drawn = await renderChart(
    {
      width: 360,
      height: 300,
      layer: [
        {
          data: {
            values: [
              { truth: low, predicted: low },
              { truth: high, predicted: high },
            ],
          },
          mark: { type: 'line', color: 'var(--muted)', strokeWidth: 1 },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: { type: 'point', filled: true, opacity: 0.5, size: 26 },
          encoding: { x, y, color, shape },
        },
      ],
    },
    `Predictions against the truth, which runs from ${number(low)} to ${number(high)}.`,
  );
  return {
    id: 'numbers',
    title: 'Predictions and truth',
    body: html`<p class="note">
        On the line a prediction is right. The first number of up to ${pointsShown} examples a model.
      </p>
      <figure>${drawn}</figure>`,
  };
}

/** Evenly spread over the examples, so that the picture is the same every time. */
function thinned(pairs: Pairs): Pairs {
  const known = pairs.filter(({ truth, predicted }) => Number.isFinite(truth + predicted));
  const step = Math.max(1, known.length / pointsShown);
  return Array.from(
    { length: Math.min(pointsShown, known.length) },
    (_, i) => known[Math.floor(i * step)],
  ).filter((pair) => pair !== undefined);
}

// The task `embedding`: vectors whose angles mean something, judged beside a teacher's.
import { z } from 'zod';
import type { Finding, Section, SectionInput, TaskSample } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import { task } from '../../plugin/define.js';
import { axisOf, modelEncodings, renderChart } from '../../report/charts/index.js';
import { number } from '../../report/format.js';
import { html } from '../../report/html.js';

const bins = 40;

export const embedding = task('embedding', {
  help: "vectors, judged by their angles and nearest neighbours beside the teacher's",
  options: z.strictObject({
    output: z.string().default('embedding').describe('output of the student that is judged'),
    teacherOutput: z.string().default('embedding').describe('output of the teacher that it is compared with'),
  }),
  create: ({ output, teacherOutput }) => ({
    // Neighbours can be compared whatever the lengths are.
    primary: 'neighbours',
    columns: ['neighbours', 'cosine'],
    hardLoss: undefined,
    metrics: { always: [], withTeacher: [{ use: 'embedding-similarity', output, teacherOutput }] },
    sections: [cosineSection],
    checkSample: (sample) => checkTeacher(sample, teacherOutput),
  }),
});

/** Vectors of zeros, and vectors that all point one way, teach nothing. */
function checkTeacher({ answers, sample }: TaskSample, output: string): Finding[] {
  const tensor = answers[output];
  if (tensor?.shape.length !== 2 || sample.size < 2) return [];
  const width = tensor.shape[1] as number;
  const mean = new Float64Array(width);
  for (let row = 0; row < sample.size; row++) {
    const values = tensor.data.slice(row * width, (row + 1) * width);
    const norm = Math.hypot(...values);
    if (norm === 0)
      throw new PotstillError({
        code: 'PREFLIGHT_TAP',
        message: `the teacher's \`${output}\` is a vector of zeros for example ${sample.indices[row] ?? '?'} of the training data: it has no direction`,
        hint: 'Check that example, and which output is read.',
      });
    values.forEach(
      (value: number, at: number) => (mean[at] = (mean[at] as number) + value / norm / sample.size),
    );
  }
  // The length of the mean direction: 1 when all vectors point one way.
  const together = Math.hypot(...mean);
  const message = `the mean cosine of two of the teacher's vectors is ${number(meanCosine(together, sample.size))}`;
  if (together ** 2 < 0.98) return [{ level: 'ok', code: 'teacher', message }];
  return [
    {
      level: 'warning',
      code: 'PREFLIGHT_TEACHER_CHANCE',
      message: `${message}: they all point nearly the same way`,
      hint: 'Choose another output, or subtract the mean: angles between such vectors say little.',
    },
  ];
}

/** Of all pairs of different vectors, from the length of the mean of unit vectors. */
function meanCosine(length: number, size: number): number {
  return (length ** 2 * size - 1) / (size - 1);
}

/** Undefined where cosines were not kept. */
async function cosineSection({ models }: SectionInput): Promise<Section | undefined> {
  const shown = models.filter(({ model }) => model.evaluation?.perExample.cosine !== undefined);
  const values = shown.flatMap(({ name, model }) =>
    histogram(model.evaluation?.perExample.cosine?.values ?? new Float64Array()).map((bin) => ({
      model: name,
      ...bin,
    })),
  );
  if (values.length === 0) return undefined;
  const { color, strokeDash } = modelEncodings(shown);
  const drawn = await renderChart(
    {
      width: 420,
      height: 220,
      data: { values },
      mark: { type: 'line', strokeWidth: 2, interpolate: 'step' },
      encoding: {
        x: { field: 'cosine', type: 'quantitative', axis: axisOf('number', 'cosine with the teacher') },
        y: { field: 'share', type: 'quantitative', axis: axisOf('share', 'share of examples') },
        color,
        strokeDash,
      },
    },
    `How the cosines with the teacher are spread. ${shown.map(({ name }) => name).join(', ')}.`,
  );
  return {
    id: 'cosines',
    title: 'Angles with the teacher',
    body: html`<p class="note">
        The further right, the closer a vector is to the teacher’s for the same example.
      </p>
      <figure>${drawn}</figure>`,
  };
}

function histogram(values: Float64Array): { cosine: number; share: number }[] {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return [];
  const counts = new Float64Array(bins);
  for (const value of known) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(((value + 1) / 2) * bins)));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return Array.from(counts, (each, bin) => ({
    cosine: ((bin + 0.5) / bins) * 2 - 1,
    share: each / known.length,
  }));
}

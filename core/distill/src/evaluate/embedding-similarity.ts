// A student's embeddings beside its teacher's: angle, and whether nearest neighbours stay.
import { z } from 'zod';
import type { HostTensors, Metric } from '../contracts/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { metric } from '../plugin/define.js';

const output = z.string().default('embedding');

/**
 * `cosine`: mean cosine of the angle between both embeddings of an example. `neighbours`: the share of the `k` nearest other
 * examples by the teacher's angles that are also among the student's, over the first `sample` examples; it needs no equal
 * length, and all examples at the end. Where the embeddings have different lengths, `cosine` is NaN.
 */
export const embeddingSimilarity = metric('embedding-similarity', {
  help: "cosine with the teacher's embedding, and the share of its nearest neighbours that the student has too",
  options: z.strictObject({
    output: output.describe('output of the student that is read'),
    teacherOutput: output.describe('output of the teacher that is read'),
    k: z.int().min(1).default(10).describe('how many neighbours'),
    sample: z
      .int()
      .min(2)
      .default(2000)
      .describe('examples that neighbours are looked for among: time grows with its square'),
  }),
  needsTeacher: true,
  create({ output: own, teacherOutput, k, sample }): Metric {
    let sum = 0;
    let count = 0;
    let cosines: number[] = [];
    let mine: Float64Array[] = [];
    let theirs: Float64Array[] = [];
    return {
      needs: { model: [own], teacher: [teacherOutput], batch: [] },
      figures: [
        {
          name: 'cosine',
          title: 'Cosine with teacher',
          help: 'mean cosine of the angle between both embeddings of an example',
          unit: 'number',
          better: 'higher',
        },
        {
          name: 'neighbours',
          title: 'Neighbours kept',
          help: `share of the teacher's ${k} nearest neighbours that are also the student's`,
          unit: 'share',
          better: 'higher',
        },
      ],
      update({ model, teacher }) {
        const [a, b] = [
          unitRows(model, own, 'model output'),
          unitRows(teacher, teacherOutput, 'teacher output'),
        ];
        a.forEach((row, at) => {
          const other = b[at] as Float64Array;
          const cosine = row.length === other.length ? dot(row, other) : NaN;
          sum += cosine;
          count++;
          cosines.push(cosine);
          if (mine.length < sample) {
            mine.push(row);
            theirs.push(other);
          }
        });
      },
      result: () => ({ cosine: sum / count, neighbours: shared(mine, theirs, k) }),
      perExample: () => ({ figures: ['cosine'], better: 'higher', values: Float64Array.from(cosines) }),
      reset() {
        [sum, count, cosines, mine, theirs] = [0, 0, [], [], []];
      },
    };
  },
});

/** Rows of length 1; NaN throughout for a row of zeros. */
function unitRows(tensors: HostTensors, name: string, whose: string): Float64Array[] {
  const tensor = tensors[name];
  if (tensor?.shape.length !== 2)
    throw new PotstillError({
      code: 'EVALUATE_TENSOR',
      message: `${whose} \`${name}\` ${tensor ? `is [${tensor.shape.join(', ')}], not [batch, length]` : 'is not there'}`,
      allowed: Object.keys(tensors),
    });
  const width = tensor.shape[1] as number;
  return Array.from({ length: tensor.shape[0] as number }, (_, row) => {
    const values = Float64Array.from(tensor.data.slice(row * width, (row + 1) * width));
    const norm = Math.hypot(...values);
    return values.map((value) => value / norm);
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((total, value, at) => total + value * (b[at] as number), 0);
}

function shared(mine: readonly Float64Array[], theirs: readonly Float64Array[], k: number): number {
  if (mine.length < 2) return NaN;
  const size = Math.min(k, mine.length - 1);
  let kept = 0;
  for (let at = 0; at < mine.length; at++) {
    const own = new Set(nearest(mine, at, size));
    kept += nearest(theirs, at, size).filter((other) => own.has(other)).length;
  }
  return kept / (mine.length * size);
}

/** Ties to the lower index. */
function nearest(rows: readonly Float64Array[], at: number, k: number): number[] {
  const here = rows[at] as Float64Array;
  const angles = rows.map((row) => dot(here, row));
  return rows
    .map((_, other) => other)
    .filter((other) => other !== at)
    .sort((a, b) => (angles[b] as number) - (angles[a] as number) || a - b)
    .slice(0, k);
}

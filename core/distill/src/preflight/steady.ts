// Does the teacher's answer to an example depend on that example alone?
import type { HostTensor, HostTensors } from '@potstill/engine';
import type { Batch, Finding, Teacher } from '../contracts/index.js';
import { elementCount, gatherRows } from '../data/index.js';
import { PotstillError } from '../errors/potstill-error.js';
import { momentsOf } from './statistics.js';
import { percent } from '../text/quantities.js';

/** Examples that are asked about again. */
const asked = 8;

/** Differences as a share of an output's standard deviation: rounding (also of models quantised as they run) stays below the first. */
const warned = 0.02;
const refused = 0.1;

/**
 * Asks again about a few examples of the sample: alone, together in reverse order, and once more. Answers that differ
 * from those within the whole sample by more than rounding are `PREFLIGHT_UNSTEADY`: refused where they differ much.
 */
export async function checkSteady(teacher: Teacher, sample: Batch, answers: HostTensors): Promise<Finding[]> {
  if (sample.size === 0) return [];
  const step = Math.max(1, Math.floor(sample.size / asked));
  const rows = Array.from({ length: Math.min(asked, sample.size) }, (_, i) => i * step).reverse();
  const [alone = 0] = rows;
  const ways: readonly (readonly [string, readonly number[]])[] = [
    ['alone', [alone]],
    ['in another batch and order', rows],
  ];
  let worst = { difference: 0, name: '', way: '' };
  for (const [way, chosen] of ways) {
    const again = await teacher.label(rowsOf(sample, chosen));
    for (const [name, whole] of Object.entries(answers)) {
      const difference = differenceOf(whole, again[name], chosen);
      if (difference > worst.difference) worst = { difference, name, way };
    }
  }
  if (worst.difference <= warned)
    return [{ level: 'ok', code: 'steady', message: 'the teacher answers each example by itself' }];
  const again = await teacher.label(sample);
  const all = Array.from({ length: sample.size }, (_, i) => i);
  const whole = answers[worst.name];
  const random = whole !== undefined && differenceOf(whole, again[worst.name], all) > warned;
  const message =
    `the teacher's \`${worst.name}\` for the same examples differs by ${percent(worst.difference)} of its spread when ` +
    (random ? 'it is asked again' : `they are asked about ${worst.way}`);
  const hint =
    (random
      ? 'A layer draws random numbers (dropout in training mode is the likely cause). '
      : 'Its answer depends on the rest of the batch: batch normalisation in training mode is the likely cause. ') +
    'Export the model in inference mode (`model.eval()` in PyTorch).';
  if (worst.difference > refused) throw new PotstillError({ code: 'PREFLIGHT_UNSTEADY', message, hint });
  return [{ level: 'warning', code: 'PREFLIGHT_UNSTEADY', message, hint }];
}

function rowsOf({ tensors, indices, ...batch }: Batch, rows: readonly number[]): Batch {
  return {
    ...batch,
    size: rows.length,
    tensors: Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, gatherRows(tensor, rows)]),
    ),
    indices: rows.map((row) => indices[row] as number),
  };
}

/** Root of the mean square difference, in standard deviations of the output. 0 where padding makes shapes differ. */
function differenceOf(whole: HostTensor, again: HostTensor | undefined, rows: readonly number[]): number {
  const width = elementCount(whole.shape.slice(1));
  if (again?.shape.slice(1).join() !== whole.shape.slice(1).join() || again.data.length === 0) return 0;
  const { variance } = momentsOf(whole);
  let squares = 0;
  rows.forEach((row, i) => {
    for (let k = 0; k < width; k++)
      squares += ((whole.data[row * width + k] as number) - (again.data[i * width + k] as number)) ** 2;
  });
  const mean = squares / again.data.length;
  return mean === 0 || Number.isNaN(mean) ? 0 : Math.sqrt(mean / variance);
}

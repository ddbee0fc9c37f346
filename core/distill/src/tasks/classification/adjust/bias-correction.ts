// The adjustment `bias-correction`: the output bias of some classes shifted by the offset that is best on validation data.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { Adjusted, AdjustInput, AdjustmentReport, Section } from '../../../contracts/index.js';
import { PotstillError } from '../../../errors/potstill-error.js';
import { adjustment } from '../../../plugin/define.js';
import { count, plural } from '../../../report/format.js';
import { html } from '../../../report/html.js';
import { bestBiasOffset } from './best-offset.js';
import { outputBias } from '../../adjust/output-layer.js';
import { validationScores } from '../../adjust/validation-scores.js';

/**
 * Hinton et al. 2015, section 3: a student that has never seen a class in its transfer data answers it too rarely, which
 * one offset of its bias mends. The offset with the fewest errors on validation data is found exactly.
 */
export const biasCorrection = adjustment('bias-correction', {
  help: 'shift the output bias of some classes by what is best on validation data',
  options: z.strictObject({
    classes: z.array(z.int().min(0)).min(1).describe('class indices'),
  }),
  create: ({ classes }) => ({
    apply: (input) => apply(input, classes),
    section: biasSection,
  }),
});

async function apply(input: AdjustInput, chosen: readonly number[]): Promise<Adjusted> {
  const { scores, targets, classes, first } = await validationScores(input, 'bias-correction');
  const outside = chosen.filter((c) => c >= classes);
  if (outside.length > 0)
    throw new PotstillError({
      code: 'RECIPE_BAD_VALUE',
      message: `\`classes\` of \`bias-correction\` names ${outside.join(', ')}; the student has classes 0 to ${classes - 1}`,
      path: 'adjust',
    });
  const bias = await outputBias(input, first, classes, 'bias-correction');
  const { offset, errorsBefore, errorsAfter } = bestBiasOffset(scores, targets, classes, chosen);
  const shift = new Float32Array(classes);
  for (const c of chosen) shift[c] = offset;
  tf.tidy(() => bias.variable.assign(tf.add(bias.variable, tf.tensor1d(shift))));
  return {
    words: `classes ${chosen.join(', ')} shifted by ${offset.toPrecision(3)}: ${plural(errorsBefore, 'error')} on validation data before, ${count(errorsAfter)} after`,
    data: { classes: chosen, offset, validationErrors: { before: errorsBefore, after: errorsAfter } },
  };
}

interface Correction {
  readonly classes: readonly number[];
  readonly offset: number;
  readonly validationErrors: { readonly before: number; readonly after: number };
}

function biasSection({ data, before, after }: AdjustmentReport): Section {
  const { classes, offset, validationErrors } = data as unknown as Correction;
  const row = (name: string, errors: { readonly before: number | null; readonly after: number | null }) =>
    html`<tr>
      <th scope="row">${name}</th>
      <td>${errors.before === null ? '–' : count(errors.before)}</td>
      <td>${errors.after === null ? '–' : count(errors.after)}</td>
    </tr>`;
  return {
    id: 'bias-correction',
    title: 'Output bias',
    body: html`<p>
        The output bias of ${classes.length === 1 ? 'class' : 'classes'} ${classes.join(', ')} was shifted by
        ${offset.toPrecision(3)}, the offset with the fewest errors on the validation data.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Data</th>
            <th scope="col">Errors before</th>
            <th scope="col">Errors after</th>
          </tr>
        </thead>
        <tbody>
          ${row('validation', validationErrors)}
          ${row('of this report', { before: before.errors ?? null, after: after.errors ?? null })}
        </tbody>
      </table>`,
  };
}

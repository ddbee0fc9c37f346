// Calibration: does a model that says 80 % turn out right in 80 % of such cases?
import { z } from 'zod';
import { metric } from '../plugin/define.js';
import { outputOption, targetField } from './field.js';
import { argmax, confidence, scoreRows, targetRows } from './rows.js';

/** Predictions of one range of confidence. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean confidence; NaN in an empty bin. */
  readonly confidence: number;
  /** Share of right predictions; NaN in an empty bin. */
  readonly accuracy: number;
}

/**
 * `calibrationError`: the expected calibration error of Guo et al. 2017, "On calibration of modern neural networks",
 * equations 2, 3 and 5: bins ((m-1)/M, m/M] of the confidence, the mean of |accuracy - confidence| weighted by count.
 * The artefact `calibration`: the bins, for the reliability diagram; confidence and accuracy are NaN in an empty bin.
 */
export const calibration = metric('calibration', {
  help: 'expected calibration error (Guo et al. 2017) and the bins of the reliability diagram',
  options: z.strictObject({
    bins: z.int().min(1).default(15).describe('number of bins of equal width between 0 and 1'),
    output: outputOption,
  }),
  create({ bins, output }, _services, { data }) {
    const target = targetField('calibration', data);
    const counts = new Float64Array(bins);
    const rights = new Float64Array(bins);
    const confidences = new Float64Array(bins);
    let total = 0;
    let unknown = 0;
    return {
      needs: { model: [output], teacher: [], batch: [target] },
      figures: [
        {
          name: 'calibrationError',
          title: 'Calibration error',
          help: 'expected calibration error: how far confidence and accuracy lie apart',
          unit: 'share',
          better: 'lower',
        },
      ],
      update({ model, batch }) {
        const rows = scoreRows(model, output);
        targetRows(batch.tensors, target, rows).forEach((truth, row) => {
          if (truth < 0) return;
          total++;
          const sure = confidence(rows, row);
          if (Number.isNaN(sure)) {
            unknown++;
            return;
          }
          const bin = Math.min(bins - 1, Math.max(0, Math.ceil(sure * bins) - 1));
          counts[bin] = (counts[bin] as number) + 1;
          confidences[bin] = (confidences[bin] as number) + sure;
          if (argmax(rows, row) === truth) rights[bin] = (rights[bin] as number) + 1;
        });
      },
      result() {
        let error = 0;
        for (let bin = 0; bin < bins; bin++)
          error += Math.abs((rights[bin] as number) - (confidences[bin] as number));
        // A NaN score makes the confidence unknown; a figure over the rest would flatter.
        return { calibrationError: total === 0 || unknown > 0 ? NaN : error / total };
      },
      artefacts: () => ({
        calibration: Array.from({ length: bins }, (_, bin): CalibrationBin => ({
          from: bin / bins,
          to: (bin + 1) / bins,
          count: counts[bin] as number,
          confidence: (confidences[bin] as number) / (counts[bin] as number),
          accuracy: (rights[bin] as number) / (counts[bin] as number),
        })),
      }),
      reset() {
        counts.fill(0);
        rights.fill(0);
        confidences.fill(0);
        total = 0;
        unknown = 0;
      },
    };
  },
});

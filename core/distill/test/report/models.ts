// Made-up models for reports: what was measured, without data or training.
import type { ComponentServices, Evaluation, Figure, PerExample, ReportModel } from 'potstill';
import { metricComponents } from '../../src/evaluate/components.js';
import type { Predictions } from '../../src/evaluate/predictions.js';

/** The figures of the metric `accuracy`. */
export const accuracyFigures: readonly Figure[] = await (async () => {
  const component = metricComponents.find(({ name }) => name === 'accuracy');
  if (component?.kind !== 'metric') throw new Error('no metric accuracy');
  const spec = { label: { dtype: 'int32', shape: [] } } as const;
  const data = { spec, inputs: [], target: 'label', fingerprint: 'none' };
  const metric = await component.create(component.options.parse({}), {} as ComponentServices, { data });
  return metric.figures;
})();

/** A figure that no built-in metric gives. */
export function figure(name: string, better: Figure['better'], more: Partial<Figure> = {}): Figure {
  return { name, title: name, unit: 'number', better, ...more };
}

/** An evaluation with nothing but what is given. */
export function evaluated(
  count: number,
  figures: Readonly<Record<string, number>>,
  more: Partial<Evaluation> = {},
): Evaluation {
  const indices = Int32Array.from({ length: count }, (_, at) => at);
  return { count, indices, figures, artefacts: {}, perExample: {}, ...more };
}

/** A model of which only figures are known. */
export function measured(
  figures: Readonly<Record<string, number>>,
  more: Partial<ReportModel> = {},
): ReportModel {
  return { evaluation: evaluated(100, figures), ...more };
}

/** A model with numbers an example for a figure that is their mean. */
export function scored(name: string, better: PerExample['better'], values: readonly number[]): ReportModel {
  const counted = values.filter((value) => !Number.isNaN(value));
  const mean = counted.reduce((sum, value) => sum + value, 0) / counted.length;
  const perExample = { [name]: { figures: [name], better, values: Float64Array.from(values) } };
  return { evaluation: evaluated(values.length, { [name]: mean }, { perExample }) };
}

/** A classifier's answers to the examples 0, 1, 2…, with what the metric `accuracy` finds of them. */
export function answered(truth: Int32Array, predicted: Int32Array): ReportModel {
  const count = truth.length;
  const values = Float64Array.from(truth, (known, at) => (known < 0 ? NaN : Number(predicted[at] !== known)));
  const judged = values.filter((value) => !Number.isNaN(value));
  const errors = judged.reduce((sum, value) => sum + value, 0);
  const wrong: PerExample = { figures: ['errors', 'accuracy'], better: 'lower', values };
  const indices = Int32Array.from({ length: count }, (_, at) => at);
  const predictions: Predictions = {
    indices,
    truth,
    predicted,
    confidence: new Float32Array(count).fill(0.9),
  };
  const figures = { errors, accuracy: 1 - errors / judged.length, count: judged.length };
  return {
    evaluation: evaluated(count, figures, {
      artefacts: { predictions },
      perExample: { errors: wrong, accuracy: wrong },
    }),
  };
}

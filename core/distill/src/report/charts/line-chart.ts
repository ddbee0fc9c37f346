// Lines over epochs, one a model.
import type { Html } from '../html.js';
import type { ShownModel } from '../../contracts/index.js';
import { axisOf, type AxisUnit } from './axis.js';
import { modelEncodings } from './model-marks.js';
import { renderChart } from './render.js';

export interface LinePoint {
  /** The model's name as in `models`. */
  readonly model: string;
  readonly epoch: number;
  /** Finite. */
  readonly value: number;
}

/** The value axis need not start at zero: what counts is the course. `points` holds at least one. */
export function lineChart(chart: {
  readonly models: readonly ShownModel[];
  readonly points: readonly LinePoint[];
  readonly unit: AxisUnit;
  /** Text alternative. */
  readonly description: string;
}): Promise<Html> {
  const { models, points, unit, description } = chart;
  const epochs = points.map(({ epoch }) => epoch);
  const last = Math.max(...epochs);
  const { color, strokeDash } = modelEncodings(models);
  return renderChart(
    {
      width: 310,
      height: 190,
      data: { values: [...points] },
      mark: { type: 'line', strokeWidth: 2, point: last <= 30 ? { size: 22, filled: true } : false },
      encoding: {
        x: {
          field: 'epoch',
          type: 'quantitative',
          scale: { domain: [Math.min(...epochs), last], nice: false },
          axis: { title: 'epoch', tickMinStep: 1, grid: false, format: ',d', tickCount: 6 },
        },
        y: { field: 'value', type: 'quantitative', scale: { zero: false }, axis: axisOf(unit, null) },
        color,
        strokeDash,
      },
    },
    description,
  );
}

// Models as points in a plane: what they cost against how good they are.
import type { Html } from '../html.js';
import type { ShownModel } from '../../contracts/index.js';
import { axisOf, type AxisUnit } from './axis.js';
import { modelEncodings } from './model-marks.js';
import { renderChart } from './render.js';

export interface ModelPoint {
  /** The model's name as in `models`. */
  readonly model: string;
  readonly x: number;
  readonly y: number;
}

/** The x axis starts at zero, so that distances are ratios; the y axis where `fromZero` says so. */
export function pointChart(chart: {
  readonly models: readonly ShownModel[];
  readonly points: readonly ModelPoint[];
  readonly x: { readonly title: string };
  readonly y: { readonly title: string; readonly unit: AxisUnit; readonly fromZero: boolean };
  /** Text alternative. */
  readonly description: string;
}): Promise<Html> {
  const { models, points, x, y, description } = chart;
  const { color, shape } = modelEncodings(models);
  const highest = Math.max(...points.map((point) => point.y));
  // Room above the highest point, which would else sit on the frame.
  const scale = y.fromZero ? { domain: [0, highest > 0 ? highest * 1.1 : 1] } : { zero: false, padding: 14 };
  return renderChart(
    {
      width: 300,
      height: 220,
      data: { values: [...points] },
      mark: { type: 'point', filled: true, opacity: 0.85, size: 130, clip: false },
      encoding: {
        x: { field: 'x', type: 'quantitative', scale: { zero: true }, axis: axisOf('number', x.title) },
        y: { field: 'y', type: 'quantitative', scale, axis: axisOf(y.unit, y.title) },
        color,
        shape,
      },
    },
    description,
  );
}

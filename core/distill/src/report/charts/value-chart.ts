// Points of models over values that were chosen: seeds, or the values of a swept setting.
import type { Html } from '../html.js';
import type { ShownModel } from '../../contracts/index.js';
import { axisOf, type AxisUnit } from './axis.js';
import { modelEncodings } from './model-marks.js';
import { renderChart } from './render.js';

export interface ValuePoint {
  /** The model's name as in `models`. */
  readonly model: string;
  /** Numbers on a linear or logarithmic axis, texts side by side in their order. */
  readonly x: number | string;
  readonly y: number;
}

/** The y axis need not start at zero. `points` holds at least one; `log` only with numbers above 0. */
export function valueChart(chart: {
  readonly models: readonly Pick<ShownModel, 'name' | 'role'>[];
  readonly points: readonly ValuePoint[];
  readonly x: { readonly title: string; readonly scale: 'linear' | 'log' | 'labels' };
  readonly y: { readonly title: string; readonly unit: AxisUnit };
  /** Text alternative. */
  readonly description: string;
}): Promise<Html> {
  const { models, points, x, y, description } = chart;
  const { color, shape } = modelEncodings(models);
  const labels = {
    field: 'x',
    type: 'nominal',
    sort: null,
    axis: { title: x.title, labelAngle: 0 },
  } as const;
  const log = { type: 'log', padding: 10 } as const;
  const numbers = {
    field: 'x',
    type: 'quantitative',
    scale: x.scale === 'log' ? log : { zero: false, padding: 10 },
    axis: { title: x.title, tickCount: 5, format: '~r' },
  } as const;
  return renderChart(
    {
      width: 310,
      height: 200,
      data: { values: [...points] },
      mark: { type: 'point', filled: true, opacity: 0.8, size: 90, clip: false },
      encoding: {
        x: x.scale === 'labels' ? labels : numbers,
        y: {
          field: 'y',
          type: 'quantitative',
          scale: { zero: false, padding: 12 },
          axis: axisOf(y.unit, y.title),
        },
        color,
        shape,
      },
    },
    description,
  );
}

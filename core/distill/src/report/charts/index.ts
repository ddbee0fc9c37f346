/**
 * The charts of a report. Each returns HTML with a text alternative and no interaction; colours, dashes and shapes tell
 * the models apart in the same way everywhere. Numbers on axes are plain: no exponents, thousands separated.
 *
 * - `dotScale`: one value of a few models on a line, with the numbers. `dotTrack`: the line alone, for tables.
 * - `lineChart`: values over epochs, a line a model. Values of different functions go into charts of their own.
 * - `pointChart`: cost against quality, a point a model.
 * - `valueChart`: a figure over values that were chosen, such as seeds, a point a model and run.
 * - `legend`: the key to lines or points.
 * - `renderChart`: any Vega-Lite specification, with `axisOf` and `modelEncodings` for axes and models in this style.
 */
export { axisOf, type AxisUnit } from './axis.js';
export { dotScale, dotTrack, scaleOf, type Dot, type Scale } from './dot-scale.js';
export { legend } from './legend.js';
export { lineChart, type LinePoint } from './line-chart.js';
export { modelEncodings } from './model-marks.js';
export { pointChart, type ModelPoint } from './point-chart.js';
export { renderChart } from './render.js';
export { valueChart, type ValuePoint } from './value-chart.js';

// How figures and the numbers of training are called and written.
import type { Evaluation, Figure, ReportModel } from '../contracts/index.js';
import { count, duration, number, percent, setting } from './format.js';

/** A figure with the way its numbers are written. */
export interface DescribedFigure extends Figure {
  readonly format: (value: number | undefined) => string;
}

const formats: Readonly<Record<Figure['unit'], DescribedFigure['format']>> = {
  count,
  share: percent,
  nats: number,
  number,
  seconds: duration,
};

/** Numbers of training itself, which no metric gives. */
function ofTraining(name: string): DescribedFigure | undefined {
  if (name === 'rate') return { name, title: 'Learning rate', unit: 'number', better: null, format: setting };
  const part = /^loss(?:\.(.+))?$/.exec(name);
  if (!part) return undefined;
  const title = part[1] === undefined ? 'Training loss' : `Training loss: ${part[1]}`;
  return { name, title, unit: 'number', better: 'lower', format: number };
}

/** The figure of that name among `figures`, or a number of training; any other name stands for itself. */
export function describe(name: string, figures: readonly Figure[]): DescribedFigure {
  const known = figures.find((figure) => figure.name === name);
  if (known) return { ...known, format: formats[known.unit] };
  return ofTraining(name) ?? { name, title: name, unit: 'number', better: null, format: number };
}

/** A number with what it counts or measures, for the first mention in a sentence: `74 mistakes`, `recall 99.31 %`. */
export function withName(figure: DescribedFigure, value: number): string {
  const { title, singular = title, unit, format } = figure;
  if (unit !== 'count') return `${title.toLowerCase()} ${format(value)}`;
  return `${format(value)} ${(value === 1 ? singular : title).toLowerCase()}`;
}

/** What is kept under a figure's name, which may be that of a property that every object has. */
export function byName<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** A measured number; undefined where there is none. */
export function valueOf(evaluation: Evaluation | undefined, name: string): number | undefined {
  const value = evaluation && byName(evaluation.figures, name);
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

/** A model's measured number. */
export function numberOf(model: ReportModel | undefined, name: string): number | undefined {
  return valueOf(model?.evaluation, name);
}

/** A figure that says which of two models is better. */
export interface Primary extends DescribedFigure {
  readonly better: 'lower' | 'higher';
}

/** The figure that decides: the one named, else the first that has a direction; undefined where none has. */
export function primaryOf(figures: readonly Figure[], name: string | undefined): Primary | undefined {
  const directed = figures.filter(({ better }) => better !== null);
  const chosen = directed.find((figure) => figure.name === name) ?? directed[0];
  return chosen && (describe(chosen.name, figures) as Primary);
}

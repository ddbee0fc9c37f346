// Section "Charts": figures over the seeds, and the figure that decides over every swept setting.
import type { Section } from '../../contracts/index.js';
import { legend, valueChart, type ValuePoint } from '../charts/index.js';
import type { DescribedFigure } from '../figures.js';
import { html, type Html } from '../html.js';
import type { SeriesSummary } from './summary.js';
import { modelsOf, primaryFigure, shownFigures, valueText } from './words.js';

/** Undefined where nothing was measured. */
export async function chartsSection(summary: SeriesSummary): Promise<Section | undefined> {
  const charts = summary.paths.length > 0 ? await overValues(summary) : await overSeeds(summary);
  if (charts.length === 0) return undefined;
  const models = summary.paths.length > 0 ? [] : modelsOf(summary);
  return {
    id: 'charts',
    title: summary.paths.length > 0 ? 'What the settings do' : 'Seed by seed',
    body: html`${legend(models, 'points')}
      <div class="figures">${charts}</div>`,
  };
}

function axisUnit({ unit }: DescribedFigure): 'share' | 'number' {
  return unit === 'share' ? 'share' : 'number';
}

async function figureOf(title: string, chart: Parameters<typeof valueChart>[0]): Promise<Html[]> {
  if (chart.points.length === 0) return [];
  return [
    html`<figure>
      <figcaption>${title}</figcaption>
      ${await valueChart(chart)}
    </figure>`,
  ];
}

async function overSeeds(summary: SeriesSummary): Promise<Html[]> {
  const models = modelsOf(summary);
  const runs = summary.points[0]?.runs ?? [];
  const charts: Html[] = [];
  for (const figure of shownFigures(summary)) {
    const points = runs.flatMap((run) =>
      models.flatMap(({ role, name }): ValuePoint[] => {
        const y = run[role]?.[figure.name];
        return y === undefined || y === null ? [] : [{ model: name, x: String(run.seed), y }];
      }),
    );
    const words = points.map(({ model, x, y }) => `seed ${x}, ${model}: ${figure.format(y)}`);
    charts.push(
      ...(await figureOf(figure.title, {
        models,
        points,
        x: { title: 'seed', scale: 'labels' },
        y: { title: figure.title.toLowerCase(), unit: axisUnit(figure) },
        description: `${figure.title} by seed. ${words.join('; ')}`,
      })),
    );
  }
  return charts;
}

/** Successive halving: every point on the rungs that it reached. */
async function overRungs(summary: SeriesSummary): Promise<Html[]> {
  const figure = primaryFigure(summary);
  if (!figure || !summary.rungs) return [];
  const points = summary.points.flatMap(({ rungs = [] }) =>
    rungs.flatMap(({ epochs, validation }): ValuePoint[] =>
      validation === null || !Number.isFinite(validation)
        ? []
        : [{ model: 'Student', x: epochs, y: validation }],
    ),
  );
  const epochs = summary.rungs.map((rung) => rung.epochs);
  return figureOf(`${figure.title} on validation data, by rung`, {
    models: [{ role: 'student', name: 'Student' }],
    points,
    x: { title: 'epochs', scale: scaleOf(epochs) },
    y: { title: figure.title.toLowerCase(), unit: axisUnit(figure) },
    description: `${figure.title} by epochs of the rung. ${points.map(({ x, y }) => `${x}: ${figure.format(y)}`).join('; ')}`,
  });
}

/** On validation data, by which points are chosen. */
async function overValues(summary: SeriesSummary): Promise<Html[]> {
  const figure = primaryFigure(summary);
  if (!figure) return [];
  const student = [{ role: 'student', name: 'Student' }] as const;
  const charts: Html[] = [];
  for (const path of summary.paths) {
    const known = summary.points.flatMap(({ values, runs }) =>
      runs.flatMap(({ validation }) =>
        validation === null || !Number.isFinite(validation) ? [] : [{ value: values[path], y: validation }],
      ),
    );
    const scale = scaleOf(known.map(({ value }) => value));
    const points = known.map(({ value, y }): ValuePoint => ({
      model: 'Student',
      x: scale === 'labels' ? valueText(value) : Number(value),
      y,
    }));
    charts.push(
      ...(await figureOf(`${figure.title} on validation data, by ${path}`, {
        models: student,
        points,
        x: { title: path, scale },
        y: { title: figure.title.toLowerCase(), unit: axisUnit(figure) },
        description: `${figure.title} by ${path}. ${points.map(({ x, y }) => `${x}: ${figure.format(y)}`).join('; ')}`,
      })),
    );
  }
  charts.push(...(await overRungs(summary)));
  return charts;
}

/** Logarithmic where numbers span a factor of ten and more. */
function scaleOf(values: readonly unknown[]): 'linear' | 'log' | 'labels' {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < values.length || numbers.length === 0) return 'labels';
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low > 0 && high / low >= 10 ? 'log' : 'linear';
}

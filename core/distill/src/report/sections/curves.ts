// Section "Learning curves": one chart a value, one line a model; losses a chart a model.
import type { Figure, ShownModel } from '../../contracts/index.js';
import { legend, lineChart } from '../charts/index.js';
import { html, type Html } from '../html.js';
import { shownModels } from '../models.js';
import { scroll } from '../parts.js';
import { describe } from '../figures.js';
import type { ReportInput } from '../report-input.js';
import type { Section } from './section.js';

/** More charts than this would bury the rest; the tables below them have every value. */
const atMost = 8;

/** Values that are constant or belong to the schedule. */
const notDrawn = new Set(['count', 'rate', 'examplesPerSecond', 'seconds']);

/** Losses of different models are different functions: they never share an axis. */
const isLoss = (name: string) => name === 'loss' || name.startsWith('loss.');

function valueNames(models: readonly ShownModel[]): string[] {
  return [
    ...new Set(
      models.flatMap(({ model }) => (model.epochs ?? []).flatMap(({ values }) => Object.keys(values))),
    ),
  ];
}

async function curve(
  models: readonly ShownModel[],
  name: string,
  figures: readonly Figure[],
): Promise<Html | undefined> {
  const points = models.flatMap(({ name: model, model: { epochs = [] } }) =>
    epochs.flatMap(({ epoch, values }) => {
      const value = values[name];
      return value === undefined || !Number.isFinite(value) ? [] : [{ model, epoch, value }];
    }),
  );
  const drawn = models.filter((shown) => points.some(({ model }) => model === shown.name));
  // A single epoch has no course.
  if (new Set(points.map(({ epoch }) => epoch)).size < 2) return undefined;
  const { title, format, unit } = describe(name, figures);
  const courses = drawn.map((shown) => {
    const own = points.filter(({ model }) => model === shown.name);
    return `${shown.name} from ${format(own[0]?.value)} to ${format(own.at(-1)?.value)}`;
  });
  const whose = isLoss(name) ? `, ${drawn[0]?.name.toLowerCase() ?? ''}` : '';
  return html`<figure>
    <figcaption>${title}${whose}</figcaption>
    ${await lineChart({
      models: drawn,
      points,
      unit: unit === 'share' ? 'share' : 'number',
      description: `${title} by epoch: ${courses.join('; ')}`,
    })}
  </figure>`;
}

function epochTable({ name, model }: ShownModel, figures: readonly Figure[]): Html {
  const epochs = model.epochs ?? [];
  const names = [...new Set(epochs.flatMap(({ values }) => Object.keys(values)))];
  const table = html`<table>
    <thead>
      <tr>
        <th scope="col">Epoch</th>
        ${names.map((value) => html`<th scope="col">${describe(value, figures).title}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${epochs.map(
        ({ epoch, values }) =>
          html`<tr>
            <th scope="row">${epoch}</th>
            ${names.map((value) => html`<td>${describe(value, figures).format(values[value])}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
  return html`<details>
    <summary>${name}: every epoch in numbers</summary>
    ${scroll(`${name}, by epoch`, table)}
  </details>`;
}

/** A loss of one part is the training loss itself. */
function isOnlyPart(name: string, { model }: ShownModel): boolean {
  const names = Object.keys(model.epochs?.[0]?.values ?? {});
  return name.startsWith('loss.') && names.filter((other) => other.startsWith('loss.')).length === 1;
}

/** Undefined when no model was trained in this run. */
export async function curvesSection(input: ReportInput): Promise<Section | undefined> {
  const trained = shownModels(input).filter(({ model }) => (model.epochs?.length ?? 0) > 0);
  if (trained.length === 0) return undefined;
  const charts = valueNames(trained)
    .filter((name) => !notDrawn.has(name))
    .flatMap((name) =>
      isLoss(name)
        ? trained.filter((one) => !isOnlyPart(name, one)).map((one) => ({ name, models: [one] }))
        : [{ name, models: trained }],
    );
  const drawn: Html[] = [];
  for (const { name, models } of charts) {
    if (drawn.length === atMost) break;
    const figure = await curve(models, name, input.figures);
    if (figure !== undefined) drawn.push(figure);
  }
  return {
    id: 'curves',
    title: 'Learning curves',
    body: html`${drawn.length > 0 && legend(trained, 'lines')}
      <div class="figures">${drawn}</div>
      ${
        drawn.length > 0 &&
        trained.length > 1 &&
        html`<p class="note">
          The models minimise different losses: compare how the losses fall, not how high they are.
        </p>`
      }
      ${trained.map((shown) => epochTable(shown, input.figures))}`,
  };
}

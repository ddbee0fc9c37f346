// Learning curves: one chart a value, one line a model.
import { chart, colourOf, dashOf } from './chart.js';
import { html, type Html } from './html.js';
import { legend } from './legend.js';
import { shownModels, type Shown } from './models.js';
import type { ReportInput } from './report-input.js';
import { describe, inOrder } from './values.js';

/** More charts than this would bury the rest; the table below them has every value. */
const atMost = 6;

/** Values whose course tells nothing: they are constant, or belong to the schedule. */
const notDrawn = new Set(['count', 'rate', 'examplesPerSecond', 'seconds']);

function pointsOf(trained: readonly Shown[], name: string) {
  return trained.flatMap(({ role, name: model, model: { epochs = [] } }) =>
    epochs.flatMap(({ epoch, values }) => {
      const value = values[name];
      return value === undefined || !Number.isFinite(value) ? [] : [{ role, model, epoch, value }];
    }),
  );
}

async function curve(trained: readonly Shown[], name: string): Promise<Html | undefined> {
  const values = pointsOf(trained, name);
  if (values.length === 0) return undefined;
  const { title } = describe(name);
  const shares = /accuracy|agreement/i.test(title);
  const roles = trained.filter(({ role }) => values.some((point) => point.role === role));
  const domain = roles.map((shown) => shown.name);
  const colour = {
    field: 'model',
    type: 'nominal',
    scale: { domain, range: roles.map(({ role }) => colourOf[role]) },
    legend: null,
  } as const;
  const lastEpoch = Math.max(...values.map((point) => point.epoch));
  const drawn = await chart(
    {
      width: 330,
      height: 190,
      data: { values },
      mark: { type: 'line', strokeWidth: 2, point: lastEpoch <= 30 ? { size: 22, filled: true } : false },
      encoding: {
        x: {
          field: 'epoch',
          type: 'quantitative',
          scale: { domain: [Math.min(...values.map((point) => point.epoch)), lastEpoch], nice: false },
          axis: { title: 'epoch', tickMinStep: 1, grid: false, format: 'd', tickCount: 6 },
        },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: { zero: false },
          axis: { title: null, tickCount: 5, ...(shares ? { format: '.3~%' } : { format: '~g' }) },
        },
        color: colour,
        strokeDash: {
          field: 'model',
          type: 'nominal',
          scale: { domain, range: roles.map(({ role }) => dashOf[role]) },
          legend: null,
        },
      },
    },
    `${title} by epoch, for ${domain.join(' and ')}`,
  );
  return html`<figure>
    <figcaption>${title}</figcaption>
    ${drawn}
  </figure>`;
}

function epochTable({ name, model }: Shown): Html {
  const epochs = model.epochs ?? [];
  const names = inOrder(epochs.flatMap(({ values }) => Object.keys(values)));
  return html`<details>
    <summary>${name}: every epoch in numbers</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="${name}, by epoch">
      <table>
        <thead>
          <tr>
            <th scope="col">Epoch</th>
            ${names.map((value) => html`<th scope="col">${describe(value).title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${epochs.map(
            ({ epoch, values }) =>
              html`<tr>
                <th scope="row">${epoch}</th>
                ${names.map((value) => html`<td>${describe(value).format(values[value])}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

/** The section of learning curves; undefined when no model was trained in this run. */
export async function curvesSection(input: ReportInput): Promise<Html | undefined> {
  const trained = shownModels(input).filter(({ model }) => (model.epochs?.length ?? 0) > 0);
  if (trained.length === 0) return undefined;
  const names = inOrder(
    trained.flatMap(({ model }) => (model.epochs ?? []).flatMap(({ values }) => Object.keys(values))),
  ).filter((name) => !notDrawn.has(name));
  const drawn: Html[] = [];
  for (const name of names.slice(0, atMost)) {
    const figure = await curve(trained, name);
    if (figure !== undefined) drawn.push(figure);
  }
  return html`<section id="curves">
    <h2>Learning curves</h2>
    ${legend(trained)}
    <div class="figures">${drawn}</div>
    ${
      trained.some(({ role }) => role === 'baseline') &&
      html`<p class="note">
        The training losses are different functions, so their heights do not compare; how they fall does.
      </p>`
    }
    ${trained.map(epochTable)}
  </section>`;
}

// The reliability diagram: confidence against how often the answer was right.
import type { MetricValue } from '../contracts/index.js';
import { chart, colourOf, dashOf } from './chart.js';
import { percent } from './format.js';
import { html, type Html } from './html.js';
import { legend } from './legend.js';
import { shownModels } from './models.js';
import type { ReportInput } from './report-input.js';
import { numberOf } from './values.js';

type Bins = Extract<MetricValue, { kind: 'bins' }>;

function binsOf(value: MetricValue | undefined): Bins['bins'] {
  return typeof value === 'object' && value.kind === 'bins' ? value.bins : [];
}

/** One line a model over the bins that hold examples; undefined when calibration was not measured. */
export async function reliabilitySection(input: ReportInput): Promise<Html | undefined> {
  const shown = shownModels(input).filter(({ model }) =>
    binsOf(model.evaluation?.values.calibrationBins).some((bin) => bin.count > 0),
  );
  if (shown.length === 0) return undefined;
  const values = shown.flatMap(({ role, name, model }) =>
    binsOf(model.evaluation?.values.calibrationBins)
      .filter((bin) => bin.count > 0)
      .map(({ confidence, accuracy, count }) => ({ role, model: name, confidence, accuracy, count })),
  );
  const domain = shown.map(({ name }) => name);
  const x = {
    field: 'confidence',
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: { title: 'confidence', format: '.0%', tickCount: 5 },
  };
  const y = {
    field: 'accuracy',
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: { title: 'share answered right', format: '.0%', tickCount: 5 },
  };
  const color = {
    field: 'model',
    type: 'nominal',
    scale: { domain, range: shown.map(({ role }) => colourOf[role]) },
    legend: null,
  } as const;
  const drawn = await chart(
    {
      width: 380,
      height: 380,
      layer: [
        {
          data: {
            values: [
              { confidence: 0, accuracy: 0 },
              { confidence: 1, accuracy: 1 },
            ],
          },
          mark: { type: 'line', color: 'var(--muted)', strokeWidth: 1 },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: { type: 'line', strokeWidth: 1.5 },
          encoding: {
            x,
            y,
            color,
            strokeDash: {
              field: 'model',
              type: 'nominal',
              scale: { domain, range: shown.map(({ role }) => dashOf[role]) },
              legend: null,
            },
          },
        },
        {
          data: { values },
          mark: { type: 'point', filled: true, opacity: 0.85 },
          encoding: {
            x,
            y,
            color,
            size: { field: 'count', type: 'quantitative', scale: { range: [14, 420] }, legend: null },
          },
        },
      ],
    },
    `Reliability diagram. ${shown
      .map(({ name, model }) => `${name}: calibration error ${percent(numberOf(model, 'calibrationError'))}`)
      .join('; ')}`,
  );
  return html`<section id="calibration">
    <h2>Does it know what it knows?</h2>
    <div class="beside">
      <figure>${drawn}</figure>
      <div>
        <p>
          Each dot stands for the answers of one range of confidence; its size for how many there are. On the
          diagonal, a model that says 80 % is right in 80 % of those cases. Below it, the model is too sure of
          itself.
        </p>
        ${legend(shown)}
        <table class="facts">
          <tbody>
            ${shown.map(
              ({ name, model }) =>
                html`<tr>
                  <th scope="row">${name}</th>
                  <td>${percent(numberOf(model, 'calibrationError'))} calibration error</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </div>
  </section>`;
}

// Section "Calibration": confidence against how often the answer was right.
import type { Section, SectionInput, ShownModel } from '../../../contracts/index.js';
import type { CalibrationBin } from '../../../evaluate/calibration.js';
import { axisOf, legend, modelEncodings, renderChart } from '../../../report/charts/index.js';
import { percent } from '../../../report/format.js';
import { html, type Html } from '../../../report/html.js';
import { numberOf } from '../../../report/figures.js';

function binsOf({ model }: ShownModel): readonly CalibrationBin[] {
  return (model.evaluation?.artefacts.calibration ?? []) as readonly CalibrationBin[];
}

/** One line a model over the bins that hold examples, dots sized by how many. */
function diagram(shown: readonly ShownModel[]): Promise<Html> {
  const values = shown.flatMap((each) =>
    binsOf(each)
      .filter((bin) => bin.count > 0)
      .map(({ confidence, accuracy, count }) => ({ model: each.name, confidence, accuracy, count })),
  );
  const x = {
    field: 'confidence',
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: axisOf('share', 'confidence'),
  };
  const y = {
    field: 'accuracy',
    type: 'quantitative' as const,
    scale: { domain: [0, 1] },
    axis: axisOf('share', 'accuracy'),
  };
  const { color, strokeDash } = modelEncodings(shown);
  return renderChart(
    {
      width: 300,
      height: 300,
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
        { data: { values }, mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y, color, strokeDash } },
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
}

/** Undefined when calibration was not measured. */
export async function calibrationSection({ models }: SectionInput): Promise<Section | undefined> {
  const shown = models.filter((each) => binsOf(each).some((bin) => bin.count > 0));
  if (shown.length === 0) return undefined;
  const drawn = await diagram(shown);
  return {
    id: 'calibration',
    title: 'Calibration',
    body: html`<div class="beside">
      <figure>${drawn}</figure>
      <div>
        <p>
          Each dot stands for the predictions in one range of confidence; its size shows how many there are.
          On the diagonal, predictions with 80 % confidence are right in 80 % of cases. Below it the model is
          overconfident, above it underconfident.
        </p>
        ${legend(shown, 'lines')}
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
    </div>`,
  };
}

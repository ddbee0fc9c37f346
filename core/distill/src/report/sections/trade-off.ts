// Section "Quality, size and speed": all models in one picture, quality against size and against latency.
import { legend, pointChart } from '../charts/index.js';
import { bytes, count, milliseconds } from '../format.js';
import { html, type Html } from '../html.js';
import { shownModels, type Shown } from '../models.js';
import type { ReportInput } from '../report-input.js';
import { describe, isShare, numberOf, primaryOf } from '../values.js';
import type { Section } from './section.js';

interface Cost {
  readonly title: string;
  readonly of: (shown: Shown) => number | undefined;
  readonly format: (value: number | undefined) => string;
  /** Numbers on the axis are divided by this. */
  readonly divisor: number;
  readonly unit: string;
}

/** Sizes in the unit that suits the largest. */
function sizeCost(models: readonly Shown[]): Cost {
  const all = models.every(({ model }) => model.bytes !== undefined);
  const of = all ? ({ model }: Shown) => model.bytes : ({ model }: Shown) => model.parameters;
  const largest = Math.max(0, ...models.map((shown) => of(shown) ?? 0));
  const [divisor, step] = largest >= 1e6 ? [1e6, 2] : largest >= 1e3 ? [1e3, 1] : [1, 0];
  const unit = (all ? ['bytes', 'kB', 'MB'] : ['', 'thousands', 'millions'])[step] ?? '';
  return { title: all ? 'File size' : 'Parameters', of, format: all ? bytes : count, divisor, unit };
}

const latencyCost: Cost = {
  title: 'Latency',
  of: ({ model }) => model.latencyMs,
  format: milliseconds,
  divisor: 1,
  unit: 'ms',
};

async function panel(input: ReportInput, models: readonly Shown[], cost: Cost): Promise<Html | undefined> {
  const primary = primaryOf(input.student.evaluation, input.primary, input.customValues);
  const quality = describe(primary.value, input.customValues);
  const shown = models.flatMap((each) => {
    const [x, y] = [cost.of(each), numberOf(each.model, primary.value)];
    return x === undefined || y === undefined || !Number.isFinite(x + y)
      ? []
      : [{ each, x: x / cost.divisor, y, words: `${each.name}: ${quality.format(y)}, ${cost.format(x)}` }];
  });
  if (shown.length < 2) return undefined;
  const drawn = await pointChart({
    models: shown.map(({ each }) => each),
    points: shown.map(({ each, x, y }) => ({ model: each.name, x, y })),
    x: { title: cost.unit === '' ? cost.title.toLowerCase() : `${cost.title.toLowerCase()}, ${cost.unit}` },
    y: {
      title: quality.title.toLowerCase(),
      unit: isShare(primary.value) ? 'share' : 'number',
      fromZero: primary.better === 'lower',
    },
    description: `${quality.title} against ${cost.title.toLowerCase()}. ${shown.map(({ words }) => words).join('; ')}`,
  });
  return html`<figure>
    <figcaption>${quality.title} and ${cost.title.toLowerCase()}</figcaption>
    ${drawn}
  </figure>`;
}

/** Undefined when fewer than two models have both quality and a cost. */
export async function tradeOffSection(input: ReportInput): Promise<Section | undefined> {
  const models = shownModels(input);
  const panels: Html[] = [];
  for (const cost of [sizeCost(models), latencyCost]) {
    const drawn = await panel(input, models, cost);
    if (drawn) panels.push(drawn);
  }
  if (panels.length === 0) return undefined;
  const { better } = primaryOf(input.student.evaluation, input.primary, input.customValues);
  return {
    id: 'trade-off',
    title: 'Quality, size and speed',
    body: html`<p class="note">
        Further ${better === 'lower' ? 'down' : 'up'} is better, further left is smaller or faster.
      </p>
      ${legend(models, 'points')}
      <div class="figures">${panels}</div>`,
  };
}

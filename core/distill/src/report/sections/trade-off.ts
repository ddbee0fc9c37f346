// Section "Quality, size and speed": all models in one picture, quality against size and against latency.
import type { ShownModel } from '../../contracts/index.js';
import { legend, pointChart } from '../charts/index.js';
import { bytes, count, milliseconds } from '../format.js';
import { html, type Html } from '../html.js';
import { shownModels } from '../models.js';
import { numberOf, type Primary } from '../figures.js';
import { judgingOf, type ReportInput } from '../report-input.js';
import type { Section } from './section.js';

interface Cost {
  readonly title: string;
  readonly of: (shown: ShownModel) => number | undefined;
  readonly format: (value: number | undefined) => string;
  /** Numbers on the axis are divided by this. */
  readonly divisor: number;
  readonly unit: string;
}

/** Sizes in the unit that suits the largest. */
function sizeCost(models: readonly ShownModel[]): Cost {
  const all = models.every(({ model }) => model.bytes !== undefined);
  const of = all ? ({ model }: ShownModel) => model.bytes : ({ model }: ShownModel) => model.parameters;
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

async function panel(quality: Primary, models: readonly ShownModel[], cost: Cost): Promise<Html | undefined> {
  const shown = models.flatMap((each) => {
    const [x, y] = [cost.of(each), numberOf(each.model, quality.name)];
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
      unit: quality.unit === 'share' ? 'share' : 'number',
      fromZero: quality.better === 'lower',
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
  const { primary } = judgingOf(input);
  if (!primary) return undefined;
  const panels: Html[] = [];
  for (const cost of [sizeCost(models), latencyCost]) {
    const drawn = await panel(primary, models, cost);
    if (drawn) panels.push(drawn);
  }
  if (panels.length === 0) return undefined;
  return {
    id: 'trade-off',
    title: 'Quality, size and speed',
    body: html`<p class="note">
        Further ${primary.better === 'lower' ? 'down' : 'up'} is better, further left is smaller or faster.
      </p>
      ${legend(models, 'points')}
      <div class="figures">${panels}</div>`,
  };
}

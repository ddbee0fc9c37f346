// The report of a series as one HTML file: what was found over the seeds, the points of a sweep, every run.
import { writeAtomically } from '../../files/write-atomically.js';
import type { Section } from '../../contracts/index.js';
import { html } from '../html.js';
import { framed, renderPage } from '../page.js';
import { chartsSection } from './charts-section.js';
import { figuresSection } from './figures-section.js';
import { pointsSection } from './points-section.js';
import { runsSection } from './runs-section.js';
import type { SeriesSummary } from './summary.js';
import { headlineOf, keptWords } from './words.js';

export interface SeriesReportInput {
  readonly file: string;
  readonly description: string | undefined;
  readonly summary: SeriesSummary;
  /** The recipe as YAML, with `seeds` and `sweep`. */
  readonly recipe: string;
  /** Milliseconds since 1970. */
  readonly finishedAt: number;
}

/** The page as text. Everything from outside is escaped. */
export async function renderSeriesReport(input: SeriesReportInput): Promise<string> {
  const { summary, description, recipe, finishedAt } = input;
  const recipeSection: Section = {
    id: 'recipe',
    title: 'Recipe',
    body: html`<div class="scroll"><pre>${recipe}</pre></div>`,
  };
  const sections = [
    pointsSection(summary),
    figuresSection(summary),
    await chartsSection(summary),
    runsSection(summary),
    recipeSection,
  ];
  return renderPage({
    name: summary.name,
    kind: 'potstill report of a series',
    description,
    headline: headlineOf(summary),
    notes: [keptWords(summary)],
    sections: sections.flatMap((section) => (section ? [framed(section)] : [])),
    finishedAt,
  });
}

/** @throws PotstillError RUN_WRITE_FAILED when it cannot be written. */
export async function writeSeriesReport(input: SeriesReportInput): Promise<void> {
  await writeAtomically(input.file, await renderSeriesReport(input));
}

// The report of a run as one HTML file that needs nothing but a browser.
import { writeAtomically } from '../files/write-atomically.js';
import type { Section } from '../contracts/index.js';
import type { Html } from './html.js';
import { sectionInput } from './models.js';
import { framed, renderPage } from './page.js';
import type { ReportInput } from './report-input.js';
import { resultSections, runSections } from './sections/index.js';
import { verdictText } from './verdict-text.js';

async function build<I>(
  builders: readonly ((input: I) => Section | undefined | Promise<Section | undefined>)[],
  input: I,
): Promise<Html[]> {
  const parts: Html[] = [];
  for (const builder of builders) {
    const section = await builder(input);
    if (section) parts.push(framed(section));
  }
  return parts;
}

/** The page as text. Everything from outside is escaped. */
export async function renderReport(input: ReportInput): Promise<string> {
  const { headline, notes } = verdictText(input);
  return renderPage({
    name: input.name,
    kind: 'potstill report',
    description: input.description,
    headline,
    notes,
    sections: [
      ...(await build(resultSections, input)),
      ...(await build(input.sections ?? [], sectionInput(input))),
      ...(await build(runSections, input)),
    ],
    finishedAt: input.finishedAt,
  });
}

/**
 * Writes the report to `input.file` and returns that path. An older report is replaced whole or not at all.
 * @throws PotstillError RUN_WRITE_FAILED when it cannot be written; DATA_DAMAGED when a picture cannot be read.
 */
export async function writeReport(input: ReportInput): Promise<string> {
  await writeAtomically(input.file, await renderReport(input));
  return input.file;
}

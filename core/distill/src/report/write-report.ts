// The report of a run as one HTML file that needs nothing but a browser.
import { writeAtomically } from '../files/write-atomically.js';
import type { Section } from '../contracts/index.js';
import { Html, html } from './html.js';
import { sectionInput } from './models.js';
import type { ReportInput } from './report-input.js';
import { resultSections, runSections } from './sections/index.js';
import { style } from './style.js';
import { verdictText } from './verdict-text.js';

function framed({ id, title, body }: Section): Html {
  return html`<section id="${id}">
    <h2>${title}</h2>
    ${body}
  </section>`;
}

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
  const finished = new Date(input.finishedAt).toISOString().replace('T', ' ').slice(0, 16);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${input.name}: report</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <header>
          <p class="kind">potstill report</p>
          <h1>${input.name}</h1>
          ${input.description !== undefined && html`<p>${input.description}</p>`}
        </header>
        <main>
          <div class="verdict">
            <p>${headline}</p>
            ${notes.map((note) => html`<p>${note}</p>`)}
          </div>
          ${await build(resultSections, input)} ${await build(input.sections ?? [], sectionInput(input))}
          ${await build(runSections, input)}
        </main>
        <footer>Written ${finished} UTC.</footer>
      </body>
    </html> `;
  return page.text;
}

/**
 * Writes the report to `input.file` and returns that path. An older report is replaced whole or not at all.
 * @throws PotstillError RUN_WRITE_FAILED when it cannot be written; DATA_DAMAGED when a picture cannot be read.
 */
export async function writeReport(input: ReportInput): Promise<string> {
  await writeAtomically(input.file, await renderReport(input));
  return input.file;
}

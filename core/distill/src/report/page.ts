// The page around a report: one HTML file that needs nothing but a browser.
import type { Html as HtmlPiece, Section } from '../contracts/index.js';
import { Html, html } from './html.js';
import { style } from './style.js';

/** A section with its heading. */
export function framed({ id, title, body }: Section): Html {
  return html`<section id="${id}">
    <h2>${title}</h2>
    ${body}
  </section>`;
}

export interface Page {
  readonly name: string;
  /** What stands above the name: `potstill report`. */
  readonly kind: string;
  readonly description?: string | undefined;
  /** What was found, then what belongs to it. */
  readonly headline: string;
  readonly notes: readonly string[];
  readonly sections: readonly HtmlPiece[];
  /** Milliseconds since 1970. */
  readonly finishedAt: number;
}

/** The page as text. Everything from outside is escaped. */
export function renderPage(page: Page): string {
  const { name, kind, description, headline, notes, sections } = page;
  const finished = new Date(page.finishedAt).toISOString().replace('T', ' ').slice(0, 16);
  const all = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${name}: report</title>
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body>
        <header>
          <p class="kind">${kind}</p>
          <h1>${name}</h1>
          ${description !== undefined && html`<p>${description}</p>`}
        </header>
        <main>
          <div class="verdict">
            <p>${headline}</p>
            ${notes.map((note) => html`<p>${note}</p>`)}
          </div>
          ${sections}
        </main>
        <footer>Written ${finished} UTC.</footer>
      </body>
    </html> `;
  return all.text;
}

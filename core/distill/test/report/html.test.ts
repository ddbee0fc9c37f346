// Nothing from outside becomes markup, whatever it is called.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Html } from 'potstill';
import { html, prose } from '../../src/report/html.js';
import type { ReportInput } from '../../src/report/report-input.js';
import { renderReport } from '../../src/report/write-report.js';
import { openElements } from './open-elements.js';
import { barDataset, evaluations, syntheticRun } from './synthetic-run.js';

/** Names that try to leave the place where they stand. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          '<',
          '>',
          '"',
          "'",
          '&',
          '`',
          '=',
          '/',
          '-->',
          '<!--',
          '</td>',
          '</style>',
          '<script>',
          'javascript:',
        ],
        ...[
          '&lt;',
          '&#39;',
          '\u0000',
          '\u0007',
          '\u001b[2J',
          '\u007f',
          '\u0085',
          '\ud800',
          '\udfff',
          '\ufffe',
        ],
        ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'],
        ...['שלום', 'a', ' ', '\n', '𝒳'],
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);

/** Ranges of control characters, characters that turn the direction of text, and noncharacters. */
const ranges = [
  [0x00, 0x08],
  [0x0b, 0x0c],
  [0x0e, 0x1f],
  [0x7f, 0x9f],
  [0x202a, 0x202e],
  [0x2066, 0x2069],
  [0xd800, 0xdfff],
  [0xfffe, 0xffff],
] as const;

const unprintableIn = (text: string): string[] =>
  Array.from(text).filter((character) => {
    const code = character.codePointAt(0) ?? 0;
    return ranges.some(([from, to]) => code >= from && code <= to);
  });

/** What a browser makes of escaped text. */
function decoded(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

describe('html', () => {
  it('inserts text so that a browser reads back the same text and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const { text: page } = html`<p title="${text}">${text}</p>`;
        const [, title, content] = /^<p title="([^"<>]*)">([^<>]*)<\/p>$/.exec(page) ?? [];
        expect(decoded(title ?? '?')).toBe(text);
        expect(decoded(content ?? '?')).toBe(text);
      }),
      { seed: 1 },
    );
  });

  it('escapes what only looks like HTML', () => {
    const forged = { text: '<script>' };
    expect(html`<p>${forged}${[forged]}${html`<b>${forged}</b>`}</p>`.text).toBe(
      '<p>&lt;script&gt;&lt;script&gt;<b>&lt;script&gt;</b></p>',
    );
    expect(html`${JSON.parse('{"text":"<i>"}') as Html}`.text).toBe('&lt;i&gt;');
  });

  it('shows characters that cannot be printed, or that turn the text around them, as escapes', () => {
    expect(html`${'a\u202eb\u0000c\ud800'}`.text).toBe('a\\u202eb\\u0000c\\ud800');
    fc.assert(
      fc.property(hostile, (text) => {
        expect(unprintableIn(html`${text}`.text)).toEqual([]);
        expect(unprintableIn(prose(text).text)).toEqual([]);
      }),
      { seed: 1 },
    );
  });
});

describe('a report', () => {
  it('stays one well-formed page without foreign elements, whatever its names are', async () => {
    const run = await syntheticRun('report.html', 40);
    await fc.assert(
      fc.asyncProperty(
        fc.array(hostile, { minLength: 4, maxLength: 4 }),
        async ([a = '', b = '', c = '', d = '']) => {
          const test = barDataset(40, [a, b, c, d]);
          const models = await evaluations(test);
          const figures = { ...models.student.figures, [a]: 0.5 };
          const input: ReportInput = {
            ...run,
            name: a,
            description: b,
            test: { ...test, source: c, fingerprint: d },
            recipe: { yaml: a, hash: b },
            data: [{ role: c, name: d }],
            teacher: { title: a, source: b, licence: c, evaluation: models.teacher },
            baseline: {
              title: b,
              evaluation: models.baseline,
              epochs: [{ epoch: 1, values: { loss: 1, [c]: 0.5, [`loss.${d}`]: 2 } }],
            },
            student: { title: d, evaluation: { ...models.student, figures } },
            figures: [
              ...run.figures,
              { name: a, title: c, singular: d, help: b, unit: 'number', better: 'higher' },
            ],
            sections: [
              ...(run.sections ?? []),
              () => ({ id: a, title: b, body: { text: c } }),
              () => ({ id: b, title: c, body: html`<p title="${d}">${[a, { text: b }]}</p>` }),
            ],
            preflight: [{ level: 'warning', code: c, message: d, hint: a }],
            warnings: [{ code: a, message: `\`${b}\`` }],
            exports: [{ kind: a, path: b, sha256: c, bytes: 1, maxDifference: null }],
            timings: [{ stage: d, seconds: 1 }],
            versions: { [a]: b },
          };
          const page = await renderReport(input);
          expect(openElements(page)).toEqual([]);
          expect(unprintableIn(page)).toEqual([]);
          expect(page).not.toMatch(/<script|<!--|<iframe|<img src="(?!data:image\/png;base64,)/);
          expect(page.match(/<\/style>/g)).toHaveLength(1);
        },
      ),
      { seed: 1, numRuns: 25 },
    );
  });
});

// What a reader needs to trust or repeat the run: checks, warnings, exports, timing, machine, versions, recipe.
import { bytes, count, duration, number } from './format.js';
import { html, prose, type Html } from './html.js';
import type { ReportInput, ReportModel } from './report-input.js';

const marks = { ok: '✓', warning: '!' } as const;
const words = { ok: 'passed', warning: 'warning' } as const;

/** Checks before training and warnings during the run; undefined when there are none. */
export function findingsSection(input: ReportInput): Html | undefined {
  const findings = [
    ...(input.preflight ?? []),
    ...(input.warnings ?? []).map((warning) => ({ level: 'warning' as const, ...warning })),
    ...(input.test.skipped === undefined || input.test.skipped.length === 0
      ? []
      : [
          {
            level: 'warning' as const,
            code: 'test data',
            message: `${count(input.test.skipped.length)} damaged examples were left out, the first: ${input.test.skipped[0]?.path ?? ''}`,
          },
        ]),
  ];
  if (findings.length === 0) return undefined;
  return html`<section id="checks">
    <h2>Checks and warnings</h2>
    <ul class="findings">
      ${findings.map(
        ({ level, code, message, hint }) =>
          html`<li class="${level}">
            <span class="mark" role="img" aria-label="${words[level]}">${marks[level]}</span>
            <div>
              <strong>${code}</strong>
              ${prose(message)}${hint !== undefined && html`<small>${prose(hint)}</small>`}
            </div>
          </li>`,
      )}
    </ul>
  </section>`;
}

function exportsTable(input: ReportInput): Html | undefined {
  if (input.exports === undefined || input.exports.length === 0) return undefined;
  return html`<h3>Exported models</h3>
    <p class="note">Each was run on real examples and compared with the student before it was kept.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Exported models">
      <table>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" class="text">Kind</th>
            <th scope="col">Size</th>
            <th scope="col">Differs by at most</th>
            <th scope="col" class="text">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          ${input.exports.map(
            ({ kind, path, sha256, bytes: size, maxDifference }) =>
              html`<tr>
                <th scope="row">${path}</th>
                <td class="text">${kind}</td>
                <td>${bytes(size)}</td>
                <td>${maxDifference === null ? 'not run here' : number(maxDifference)}</td>
                <td class="text"><code>${sha256}</code></td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function timingsTable(input: ReportInput): Html | undefined {
  const timings = input.timings ?? [];
  if (timings.length === 0) return undefined;
  const total = timings.reduce((sum, { seconds }) => sum + seconds, 0);
  return html`<h3>Time</h3>
    <table class="facts">
      <tbody>
        ${timings.map(
          ({ stage, seconds }) =>
            html`<tr>
              <th scope="row">${stage}</th>
              <td>${duration(seconds)}</td>
            </tr>`,
        )}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Together</th>
          <td>${duration(total)}</td>
        </tr>
      </tfoot>
    </table>`;
}

function facts(title: string, rows: readonly (readonly [string, string])[]): Html {
  return html`<h3>${title}</h3>
    <table class="facts">
      <tbody>
        ${rows.map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="text">${value}</td>
            </tr>`,
        )}
      </tbody>
    </table>`;
}

/** Where a teacher from outside comes from; nothing for one that was trained here. */
function teacherFacts({ source, licence }: ReportModel = {}): Html {
  const rows = Object.entries({ source, licence }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return rows.length === 0 ? html`` : facts('Teacher', rows);
}

/** The section that lets the run be repeated. */
export function detailsSection(input: ReportInput): Html {
  const { machine, versions, recipe, seed, test } = input;
  return html`<section id="details">
    <h2>The run</h2>
    ${exportsTable(input)}
    <div class="columns">
      <div>
        ${facts('Data', [
          ...(input.data ?? []).map(
            ({ role, name, examples }) =>
              [role, examples === undefined ? name : `${name}, ${count(examples)} examples`] as const,
          ),
          ...(test.source === undefined ? [] : [['source', test.source] as const]),
          ['fingerprint', test.fingerprint],
        ])}
        ${teacherFacts(input.teacher)}
      </div>
      <div>${timingsTable(input)}</div>
      <div>
        ${facts('Machine', [
          ['processor', machine.cpu],
          ['cores', String(machine.cores)],
          ['memory', bytes(machine.memoryBytes)],
          ['system', machine.system],
          ['seed', String(seed)],
          ['recipe', recipe.hash],
        ])}
      </div>
      <div>
        ${facts('Versions', [['node', machine.node], ...Object.entries(versions).filter(([name]) => name !== 'node')])}
      </div>
    </div>
    <h3>Recipe</h3>
    <p class="note">As it was run, with everything that was left to default.</p>
    <pre class="scroll" tabindex="0" role="region" aria-label="Recipe"><code>${recipe.yaml}</code></pre>
  </section>`;
}

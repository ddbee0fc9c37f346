// Section "Run details": what is needed to repeat the run: exports, data, times, machine, versions, recipe.
import { bytes, count, duration, number } from '../format.js';
import { html, type Html } from '../html.js';
import type { ReportModel } from '../../contracts/index.js';
import type { ReportInput } from '../report-input.js';
import type { Section } from './section.js';

function exportsList(input: ReportInput): Html | undefined {
  if (input.exports === undefined || input.exports.length === 0) return undefined;
  return html`<h3>Exported models</h3>
    <p class="note">Each file was run on real examples and compared with the student.</p>
    <ul class="files">
      ${input.exports.map(
        ({ kind, path, sha256, bytes: size, maxDifference }) =>
          html`<li>
            <strong>${path}</strong>
            <span>
              ${kind}, ${bytes(size)},
              ${maxDifference === null ? 'not compared' : `largest difference ${number(maxDifference)}`}
            </span>
            <small>SHA-256 <code>${sha256}</code></small>
          </li>`,
      )}
    </ul>`;
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
          <th scope="row">Total</th>
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

/** Where an external teacher comes from, and what training read of it; nothing where neither is known. */
function teacherFacts({ source, licence }: ReportModel = {}, answers: ReportInput['answers'] = []): Html {
  const named = Object.entries({ source, licence }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const rows = [...named, ...answers];
  return rows.length === 0 ? html`` : facts('Teacher', rows);
}

export function detailsSection(input: ReportInput): Section {
  const { machine, versions, recipe, seed, test } = input;
  const body = html`${exportsList(input)}
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
        ${teacherFacts(input.teacher, input.answers)}
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
    <p class="note">As it was run, with all defaults written out.</p>
    <pre class="scroll" tabindex="0" role="region" aria-label="Recipe"><code>${recipe.yaml}</code></pre>`;
  return { id: 'details', title: 'Run details', body };
}

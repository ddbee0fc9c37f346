// Section "Results by class": what share of each class a model gets right, the student's worst classes first.
import type { Section, SectionInput } from '../../../contracts/index.js';
import { resultsByClass, type ByClass, type ClassResult } from '../by-class.js';
import { dotTrack, scaleOf, type Scale } from '../../../report/charts/index.js';
import { count, plural, tenths, wholePercent } from '../../../report/format.js';
import { html, type Html } from '../../../report/html.js';
import { named, scroll } from '../../../report/parts.js';
import { className } from '../class-name.js';

/** Longer lists collapse after so many classes, and end after so many. */
const visible = 12;
const atMost = 1000;
/** So many classes are named in the sentence about differences. */
const namedClasses = 5;

const marks = { better: '▲', worse: '▼' } as const;

type Labels = readonly string[] | undefined;

function table(
  { models, reference }: ByClass,
  rows: readonly ClassResult[],
  labels: Labels,
  scale: Scale,
): Html {
  const row = ({ at, count: examples, recall, difference }: ClassResult) => {
    const dots = models.flatMap(({ role }) => {
      const value = recall[role];
      return value === undefined ? [] : [{ role, value }];
    });
    return html`<tr>
      <th scope="row">${named(className(labels, at))}</th>
      <td>${count(examples)}</td>
      ${models.map(({ role }) => html`<td>${tenths(recall[role])}</td>`)}
      <td class="plot">${dotTrack(dots, scale)}</td>
      ${reference && html`<td class="text ${difference}">${difference && html`${marks[difference]} <span>${difference}</span>`}</td>`}
    </tr>`;
  };
  return scroll(
    'Results by class',
    html`<table class="breakdown">
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col">Count</th>
          ${models.map(({ role, name }) => html`<th scope="col"><span class="key ${role}"></span>${name}</th>`)}
          <td class="plot"><small>${wholePercent(scale.start)} to 100 %</small></td>
          ${reference && html`<th scope="col" class="text">Beyond chance</th>`}
        </tr>
      </thead>
      <tbody>
        ${rows.map(row)}
      </tbody>
    </table>`,
  );
}

function differences(result: ByClass, labels: Labels, distilled: boolean): Html | undefined {
  if (!result.reference) return undefined;
  const of = (difference: 'better' | 'worse') =>
    result.classes.filter((each) => each.difference === difference);
  const list = (classes: readonly ClassResult[]) =>
    classes.length === 0
      ? html`no class`
      : html`${plural(classes.length, 'class', 'classes')}
        (${classes.slice(0, namedClasses).map(({ at }, i) => html`${i > 0 && ', '}${named(className(labels, at))}`)}${classes.length > namedClasses && ', …'})`;
  const own = distilled ? 'distilled student' : 'student';
  const other = result.reference.role === 'baseline' ? 'student alone' : 'teacher';
  const [better, worse] = [of('better'), of('worse')];
  if (better.length + worse.length === 0)
    return html`<p>In no class does the ${own} differ from the ${other} beyond chance.</p>`;
  return html`<p>
    Compared with the ${other}, the ${own} is better beyond chance in ${list(better)} and worse in
    ${list(worse)}.
  </p>`;
}

/** Undefined when single answers were not kept. */
export function classesSection({ models, data }: SectionInput): Section | undefined {
  const result = resultsByClass(models);
  if (!result || result.classes.length < 2) return undefined;
  const { classes } = result;
  const { labels } = data;
  const lowest = Math.min(...classes.flatMap(({ recall }) => Object.values(recall)));
  const scale = { ...scaleOf([0, 1], true), start: Math.floor(Math.min(lowest, 0.9) * 10) / 10 };
  const rest = classes.slice(visible, atMost);
  return {
    id: 'classes',
    title: 'Results by class',
    body: html`${differences(
        result,
        labels,
        models.some(({ role }) => role === 'teacher'),
      )}
      <p class="note">
        Share of each class that is answered right (recall), the student’s worst classes first.
        ${
          result.reference &&
          'Differences are tested class by class (McNemar) and corrected for the number of classes (Holm).'
        }
      </p>
      ${table(result, classes.slice(0, visible), labels, scale)}
      ${
        rest.length > 0 &&
        html`<details>
          <summary>
            ${count(rest.length)} more
            classes${classes.length > atMost && `; ${count(classes.length - atMost)} are not shown`}
          </summary>
          ${table(result, rest, labels, scale)}
        </details>`
      }`,
  };
}

// The task `multi-label`: any number of labels an example, each of its own.
import { z } from 'zod';
import type { Finding, Section, SectionInput, TaskParts, TaskSample } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';
import type { LabelCounts } from '../../evaluate/label-scores.js';
import { numberRows } from '../../evaluate/numbers.js';
import { task } from '../../plugin/define.js';
import { count, tenths } from '../../report/format.js';
import { html } from '../../report/html.js';
import { named, scroll } from '../../report/parts.js';

const labelsShown = 200;

export const multiLabel = task('multi-label', {
  help: 'any number of labels an example, from `logits` and a target of 1 and 0 for each label',
  options: z.strictObject({}),
  create: (_options, _services, { data }) => {
    const labelled = data.target !== undefined;
    return {
      primary: 'labelErrors',
      columns: ['labelErrors', 'f1', 'meanAveragePrecision'],
      hardLoss: labelled ? 'binary-cross-entropy' : undefined,
      metrics: { always: labelled ? ['label-scores'] : [], withTeacher: [] },
      sections: [labelsSection],
      checkParts: checkNumbers,
      checkSample,
    };
  },
});

function checkNumbers({ data, student, teacher }: TaskParts): Finding[] {
  const { target, labels } = data;
  const known = [
    ['the target', target === undefined ? undefined : data.spec[target]?.shape.at(-1)],
    ['the data', labels?.length],
    ['the student', student.outputs.logits?.shape.at(-1)],
    ['the teacher', teacher?.outputs.logits?.shape.at(-1)],
  ] as const;
  const numbers = known.flatMap(([who, number]) => (typeof number === 'number' ? [{ who, number }] : []));
  const [first] = numbers;
  const other = numbers.find(({ number }) => number !== first?.number);
  if (first && other)
    throw new PotstillError({
      code: 'PREFLIGHT_LABELS',
      message: `${first.who} has ${first.number} labels, ${other.who} has ${other.number}`,
      hint: 'Give the student and the teacher one logit for each label of the data.',
    });
  return first ? [{ level: 'ok', code: 'labels', message: `${first.number} labels an example` }] : [];
}

/** Probabilities in place of logits, and a teacher no better than always saying what is most frequent. */
function checkSample({ data, sample, teacher, answers }: TaskSample): Finding[] {
  const { target } = data;
  const { logits } = answers;
  if (target === undefined || !logits) return [];
  const said = teacher.sources?.logits?.as;
  if (
    said === undefined &&
    logits.data.length > 0 &&
    logits.data.every((value: number) => value >= 0 && value <= 1)
  )
    throw new PotstillError({
      code: 'PREFLIGHT_PROBABILITIES',
      message: "the teacher's `logits` are probabilities: all of those looked at lie between 0 and 1",
      hint: 'Name the value before the sigmoid in `outputs:` (`potstill inspect` lists them), or say `as: sigmoid`.',
    });
  const { own, truth, width } = numberRows(answers, 'logits', sample.tensors, target);
  const there = new Float64Array(width);
  const seen = new Float64Array(width);
  let right = 0;
  truth.forEach((value, at) => {
    if (!(value >= 0)) return;
    const label = at % width;
    seen[label] = (seen[label] as number) + 1;
    if (value > 0.5) there[label] = (there[label] as number) + 1;
    if ((own[at] as number) > 0 === value > 0.5) right++;
  });
  const all = seen.reduce((sum, value) => sum + value, 0);
  if (all === 0) return [];
  const most = there.reduce((sum, value, label) => sum + Math.max(value, (seen[label] as number) - value), 0);
  const message = `the teacher gets ${tenths(right / all)} of ${count(all)} labels right; always saying what is most frequent gets ${tenths(most / all)}`;
  if (right > most) return [{ level: 'ok', code: 'teacher', message }];
  return [
    {
      level: 'warning',
      code: 'PREFLIGHT_TEACHER_CHANCE',
      message,
      hint: "Check the order of the labels, and that the teacher's answers are logits: a label counts as predicted above 0.",
    },
  ];
}

/** Undefined when the labels were not counted. */
function labelsSection({ models, data }: SectionInput): Section | undefined {
  const of = (index: number) =>
    models[index]?.model.evaluation?.artefacts.labels as readonly LabelCounts[] | undefined;
  const shown = models.flatMap((each, index) => {
    const labels = of(index);
    return labels ? [{ ...each, labels }] : [];
  });
  const student = shown.find(({ role }) => role === 'student');
  if (!student) return undefined;
  const order = student.labels
    .map((_, at) => at)
    .sort((a, b) => sortKey(student.labels[a]) - sortKey(student.labels[b]) || a - b);
  return {
    id: 'labels',
    title: 'Results by label',
    body: html`<p class="note">
        Average precision of each label, the student’s worst labels first.
        ${order.length > labelsShown && `The first ${labelsShown} of ${count(order.length)} are shown.`}
      </p>
      ${scroll(
        'Results by label',
        html`<table class="breakdown">
          <thead>
            <tr>
              <th scope="col">Label</th>
              <th scope="col">Examples</th>
              ${shown.map(({ role, name }) => html`<th scope="col"><span class="key ${role}"></span>${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${order.slice(0, labelsShown).map((at) => {
              const own = student.labels[at] as LabelCounts;
              return html`<tr>
                <th scope="row">${named(data.labels?.[at] ?? String(at))}</th>
                <td>${count(own.truePositive + own.falseNegative)}</td>
                ${shown.map(({ labels }) => html`<td>${tenths(labels[at]?.averagePrecision)}</td>`)}
              </tr>`;
            })}
          </tbody>
        </table>`,
      )}`,
  };
}

/** Labels that no example has come last. */
function sortKey(label: LabelCounts | undefined): number {
  return label === undefined || Number.isNaN(label.averagePrecision) ? Infinity : label.averagePrecision;
}

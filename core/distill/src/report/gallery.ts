// Pictures that tell the models apart: the student wrong and the teacher right, the surest mistakes first.
import type { HostTensor } from '../contracts/index.js';
import type { Predictions } from '../evaluate/evaluate-model.js';
import { discordance } from './chance.js';
import { count, sure } from './format.js';
import { html, type Html } from './html.js';
import { pictureLayout, pictureUri } from './picture.js';
import type { ReportInput } from './report-input.js';

const atMost = 24;

interface Mistake {
  /** Position among the predictions. */
  readonly at: number;
  readonly index: number;
  readonly truth: number;
}

/** Mistakes of the student that the teacher did not make (all of them without a teacher), the most confident first. */
function tellingMistakes(student: Predictions, teacher: Predictions | undefined): Mistake[] {
  const { truth } = student;
  if (truth === undefined) return [];
  const mistakes: Mistake[] = [];
  truth.forEach((known, at) => {
    const wrong = known >= 0 && student.predicted[at] !== known;
    const teacherRight = teacher === undefined || teacher.predicted[at] === known;
    if (wrong && teacherRight) mistakes.push({ at, index: student.indices[at] as number, truth: known });
  });
  const confidence = (at: number) => student.confidence[at] as number;
  return mistakes.sort((a, b) => confidence(b.at) - confidence(a.at) || a.index - b.index);
}

function countsText(input: ReportInput, comparable: boolean, mistakes: number): string {
  const student = input.student.evaluation?.predictions;
  const teacher = input.teacher?.evaluation?.predictions;
  const pair = comparable && student && teacher && discordance(teacher, student);
  if (!pair) return `The student is wrong on ${count(mistakes)} test examples.`;
  const on = (examples: number) => (examples === 0 ? 'none' : count(examples));
  return `On ${on(pair.onlyFirst)} of the test examples the student is wrong and the teacher right; on ${on(
    pair.onlySecond,
  )} it is the other way round; on ${on(pair.bothWrong)} both are wrong.`;
}

/**
 * The section of mistakes; undefined when single answers were not kept. Pictures are left out when the data are not
 * pictures or cannot be read by index; the counts stay.
 */
export async function gallerySection(input: ReportInput): Promise<Html | undefined> {
  const student = input.student.evaluation?.predictions;
  if (student?.truth === undefined) return undefined;
  const { test } = input;
  const labels = test.labels;
  const name = (at: number | undefined) =>
    at === undefined || at < 0 ? 'nothing' : (labels?.[at] ?? String(at));
  const theirs = input.teacher?.evaluation?.predictions;
  // Answers compare only when they are to the same examples.
  const teacher = theirs && discordance(theirs, student) ? theirs : undefined;
  const mistakes = tellingMistakes(student, teacher);

  const field = test.inputs.find((input) => pictureLayout(test.spec[input], test.preprocessing));
  const layout = field === undefined ? undefined : pictureLayout(test.spec[field], test.preprocessing);
  const figures: Html[] = [];
  if (field !== undefined && layout !== undefined && test.size !== undefined)
    for (const { at, index, truth } of mistakes.slice(0, atMost)) {
      const tensor: HostTensor | undefined = (await test.example(index))[field];
      if (tensor === undefined) break;
      const said = name(student.predicted[at]);
      figures.push(
        html`<figure class="picture">
          <img
            src="${pictureUri(tensor, layout, test.preprocessing)}"
            alt="test example ${index}, a ${name(truth)} that the student takes for ${said}"
          />
          <figcaption>
            <strong>${name(truth)}</strong>
            <span><span class="key student"></span>${said} ${sure(student.confidence[at])}</span>
            ${
              teacher !== undefined &&
              html`<span>
                <span class="key teacher"></span>${name(teacher.predicted[at])}
                ${sure(teacher.confidence[at])}
              </span>`
            }
            <small>example ${index}</small>
          </figcaption>
        </figure>`,
      );
    }
  return html`<section id="mistakes">
    <h2>${teacher === undefined ? 'Where the student is wrong' : 'Where the teacher knows better'}</h2>
    <p>${countsText(input, teacher !== undefined, mistakes.length)}</p>
    ${
      figures.length > 0 &&
      html`<p class="note">
          ${figures.length < mistakes.length ? `The ${figures.length} surest mistakes` : 'All of them, the surest first'}.
          In bold the truth, then
          ${teacher === undefined ? 'the answer' : 'the answers of student and teacher'} with the confidence.
        </p>
        <div class="gallery">${figures}</div>`
    }
  </section>`;
}

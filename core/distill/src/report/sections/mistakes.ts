// Section "Mistakes": examples that the student gets wrong and the teacher right, the most confident first.
import type { HostTensor } from '../../contracts/index.js';
import type { Predictions } from '../../evaluate/evaluate-model.js';
import { discordance } from '../chance.js';
import { plural, sure } from '../format.js';
import { html, type Html } from '../html.js';
import { className, named } from '../parts.js';
import { pictureForm, pictureUri } from '../picture.js';
import type { ReportInput } from '../report-input.js';
import type { Section } from './section.js';

const atMost = 24;

interface Mistake {
  /** Position among the predictions. */
  readonly at: number;
  readonly index: number;
  readonly truth: number;
}

/** Mistakes of the student that the teacher did not make (all without a teacher), the most confident first. */
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
  if (!pair) return `The student is wrong on ${plural(mistakes, 'example')}.`;
  const on = (examples: number) => plural(examples, 'example');
  return `The student is wrong and the teacher right on ${on(pair.onlyFirst)}, the other way round on ${on(pair.onlySecond)}; both are wrong on ${on(pair.bothWrong)}.`;
}

function figure(
  { at, index, truth }: Mistake,
  source: string,
  student: Predictions,
  teacher: Predictions | undefined,
  name: (at: number | undefined) => string,
): Html {
  const said = name(student.predicted[at]);
  return html`<figure class="picture">
    <img src="${source}" alt="example ${index}, true class ${name(truth)}, predicted ${said}" />
    <figcaption>
      <strong>${named(name(truth))}</strong>
      <span><span class="key student"></span>${named(said)}<b>${sure(student.confidence[at])}</b></span>
      ${
        teacher !== undefined &&
        html`<span>
          <span class="key teacher"></span>${named(name(teacher.predicted[at]))}<b
            >${sure(teacher.confidence[at])}</b
          >
        </span>`
      }
      <small>example ${index}</small>
    </figcaption>
  </figure>`;
}

/**
 * Undefined when single answers were not kept. Pictures are left out when the data are not pictures or cannot be read
 * by index; the counts stay.
 */
export async function mistakesSection(input: ReportInput): Promise<Section | undefined> {
  const student = input.student.evaluation?.predictions;
  if (student?.truth === undefined) return undefined;
  const { test } = input;
  const name = (at: number | undefined) => className(test.labels, at);
  const theirs = input.teacher?.evaluation?.predictions;
  // Answers compare only when they are to the same examples.
  const teacher = theirs && discordance(theirs, student) ? theirs : undefined;
  const mistakes = tellingMistakes(student, teacher);

  const forms = test.inputs.flatMap((field) => {
    const form = pictureForm(test.spec[field], test.preprocessing);
    return form ? [{ field, ...form }] : [];
  });
  const [picture] = forms;
  const figures: Html[] = [];
  if (picture && test.size !== undefined)
    for (const mistake of mistakes.slice(0, atMost)) {
      const tensor: HostTensor | undefined = (await test.example(mistake.index))[picture.field];
      if (tensor === undefined) break;
      const source = pictureUri(
        { ...tensor, shape: picture.unfolded ?? tensor.shape },
        picture.layout,
        test.preprocessing,
      );
      figures.push(figure(mistake, source, student, teacher, name));
    }
  const shown =
    figures.length < mistakes.length
      ? `The ${figures.length} most confident of them`
      : 'All of them, the most confident first';
  return {
    id: 'mistakes',
    title: teacher === undefined ? 'Mistakes' : 'Mistakes that the teacher does not make',
    body: html`<p>${countsText(input, teacher !== undefined, mistakes.length)}</p>
      ${
        figures.length > 0 &&
        html`<p class="note">
            ${shown}. The true class in bold, then the
            ${teacher === undefined ? 'prediction' : 'predictions of student and teacher'} with confidence.
          </p>
          <div class="gallery">${figures}</div>`
      }`,
  };
}

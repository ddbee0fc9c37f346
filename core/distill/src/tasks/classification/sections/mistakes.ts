// Section "Mistakes": examples that the student gets wrong and the teacher right, the most confident first.
import type { HostTensor, Section, SectionInput } from '../../../contracts/index.js';
import type { Predictions } from '../../../evaluate/predictions.js';
import { plural, sure } from '../../../report/format.js';
import { html, type Html } from '../../../report/html.js';
import { named } from '../../../report/parts.js';
import { className } from '../class-name.js';
import { discordance, predictionsOf } from '../discordance.js';
import { pictureForm, pictureUri } from '../../../report/picture.js';

const atMost = 24;

interface Mistake {
  /** Position among the predictions. */
  readonly at: number;
  readonly index: number;
  readonly truth: number;
}

/** Mistakes of the student that the teacher did not make (all without a teacher), the most confident first. */
function tellingMistakes(student: Predictions, teacher: Predictions | undefined): Mistake[] {
  const mistakes: Mistake[] = [];
  student.truth.forEach((known, at) => {
    const wrong = known >= 0 && student.predicted[at] !== known;
    const teacherRight = teacher === undefined || teacher.predicted[at] === known;
    if (wrong && teacherRight) mistakes.push({ at, index: student.indices[at] as number, truth: known });
  });
  const confidence = (at: number) => student.confidence[at] as number;
  return mistakes.sort((a, b) => confidence(b.at) - confidence(a.at) || a.index - b.index);
}

function countsText(student: Predictions, teacher: Predictions | undefined, mistakes: number): string {
  const pair = teacher && discordance(teacher, student);
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
export async function mistakesSection({ models, data }: SectionInput): Promise<Section | undefined> {
  const of = (role: 'student' | 'teacher') => predictionsOf(models.find((each) => each.role === role));
  const student = of('student');
  if (!student || student.truth.every((truth) => truth < 0)) return undefined;
  const name = (at: number | undefined) => className(data.labels, at);
  const theirs = of('teacher');
  // Answers compare only when they are to the same examples.
  const teacher = theirs && discordance(theirs, student) ? theirs : undefined;
  const mistakes = tellingMistakes(student, teacher);

  const forms = data.inputs.flatMap((field) => {
    const form = pictureForm(data.spec[field], data.preprocessing);
    return form ? [{ field, ...form }] : [];
  });
  const [picture] = forms;
  const figures: Html[] = [];
  if (picture && data.size !== undefined)
    for (const mistake of mistakes.slice(0, atMost)) {
      const tensor: HostTensor | undefined = (await data.example(mistake.index))[picture.field];
      if (tensor === undefined) break;
      const source = pictureUri(
        { ...tensor, shape: picture.unfolded ?? tensor.shape },
        picture.layout,
        data.preprocessing,
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
    body: html`<p>${countsText(student, teacher, mistakes.length)}</p>
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

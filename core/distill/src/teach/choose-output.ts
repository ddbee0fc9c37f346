// The output that `logits` is where the recipe names none: the one that fits the classes.
import type { HostTensors } from '@potstill/engine';
import { shapeText } from '../data/index.js';
import { sumTolerance } from './answers.js';
import { teacherOutput } from './invalid.js';
import type { ModelFile } from './model-file.js';
import { firstOutput, requestText, type OutputRequest } from './outputs.js';
import type { GraphValue } from './session.js';

const floats = ['float16', 'float32', 'float64'];

/**
 * The first output, unless another is the only one with a score for each class. `classes` are the numbers of classes
 * that will do (the data's, and those that the teacher names); none where they are not known.
 * @throws PotstillError TEACHER_OUTPUT where no output fits, or several do; it names the candidates and the line to
 * write. `values` answers one example with inner values too, and is called for that message only.
 */
export async function chooseLogits(
  file: ModelFile,
  outputs: readonly GraphValue[],
  classes: readonly number[],
  values: () => Promise<HostTensors>,
): Promise<string> {
  const first = firstOutput(file);
  if (classes.length === 0) return first;
  // What a file says about shapes may be incomplete: such an output is taken on trust and checked by preflight.
  const fits = ({ type, shape }: GraphValue): boolean => {
    if (!floats.includes(type)) return false;
    const lengths = shape?.slice(1).filter((length) => length !== 1);
    return !lengths || lengths.some((length) => length === null) || isScores(lengths, classes);
  };
  const [declared] = outputs;
  if (declared && fits(declared)) return first;
  const [fitting, ...more] = outputs.filter(fits);
  if (fitting && more.length === 0) return fitting.name;
  const candidates = fitting
    ? [fitting, ...more].map(({ name }): OutputRequest => ({ from: name }))
    : await innerCandidates(classes, values);
  throw teacherOutput(
    `the first output of the teacher ${file.path} has no score for each of ${classes.join(' or ')} classes; its outputs are ${outputs.map(valueText).join(', ')}`,
    candidates.length === 0
      ? `name the classes of the teacher with \`labels:\`, in the order of its outputs, if it has more classes than the data; else name a value with \`outputs:\` (\`potstill inspect ${file.path}\` lists all)`
      : `write in \`teacher\` one of: ${candidates.map((request) => `\`${requestText('logits', request)}\``).join(', ')}`,
  );
}

function isScores(lengths: readonly (number | null)[], classes: readonly number[]): boolean {
  return lengths.length === 1 && classes.includes(lengths[0] ?? 0);
}

function valueText({ name, type, shape }: GraphValue): string {
  const one = shape?.slice(1);
  return `\`${name}\` (${type}${!one ? '' : one.length === 0 ? ', one number an example' : ` ${shapeText(one)} an example`})`;
}

/** Inner values with one score a class: scores before probabilities, and the last of the graph first. */
async function innerCandidates(
  classes: readonly number[],
  values: () => Promise<HostTensors>,
): Promise<OutputRequest[]> {
  const found = Object.entries(await values().catch((): HostTensors => ({}))).filter(
    ([, { dtype, shape }]) =>
      dtype === 'float32' &&
      shape[0] === 1 &&
      isScores(
        shape.slice(1).filter((length) => length !== 1),
        classes,
      ),
  );
  return found
    .reverse()
    .slice(0, 4)
    .map(([from, { data }]): OutputRequest => {
      const values = Array.from(data);
      const sum = values.reduce((all, value) => all + value, 0);
      const probabilities = values.every((value) => value >= 0) && Math.abs(sum - 1) <= sumTolerance;
      return probabilities ? { from, as: 'probabilities' } : { from };
    })
    .sort((a, b) => Number('as' in a) - Number('as' in b));
}

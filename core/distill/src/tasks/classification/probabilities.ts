// Are the teacher's logits really logits, or what comes after the softmax or sigmoid?
import type { HostTensor, OutputSource } from '../../contracts/index.js';
import { PotstillError } from '../../errors/potstill-error.js';

/** How far the sum of a row may be from 1: float16 and quantised models round. */
const sumTolerance = 0.01;

/**
 * Scores that all lie in 0..1 are `PREFLIGHT_PROBABILITIES`, unless the recipe says what they are: a softmax of
 * probabilities is nearly flat, so that the student would learn that all classes are alike. `logits` is [rows, classes].
 */
export function checkProbabilities(logits: HostTensor, source: OutputSource | undefined): void {
  const { data, shape } = logits;
  const classes = shape.at(-1) ?? 0;
  if (source?.as !== undefined || classes < 2 || data.length === 0) return;
  let sumsToOne = true;
  for (let start = 0; start < data.length; start += classes) {
    let sum = 0;
    for (let i = start; i < start + classes; i++) {
      const value = data[i] as number;
      if (!(value >= 0 && value <= 1)) return;
      sum += value;
    }
    sumsToOne &&= Math.abs(sum - 1) <= sumTolerance;
  }
  const count = data.length / classes;
  const from = source?.from ?? 'NAME';
  const line = (as: string) => `\`outputs: { logits: { from: ${yamlText(from)}, as: ${as} } }\``;
  if (sumsToOne)
    throw new PotstillError({
      code: 'PREFLIGHT_PROBABILITIES',
      message: `the teacher's \`logits\` are probabilities: in each of the ${count} examples looked at they lie between 0 and 1 and sum to 1`,
      hint: source
        ? `Write ${line('probabilities')} in \`teacher\`: their logarithm is then used. A value before the softmax is better still (\`potstill inspect\` lists them).`
        : 'The teacher must answer with its scores before the softmax, or with the logarithm of its probabilities.',
    });
  throw new PotstillError({
    code: 'PREFLIGHT_PROBABILITIES',
    message: `the teacher's \`logits\` look like the answers of a sigmoid: in all ${count} examples looked at each lies between 0 and 1, and they do not sum to 1`,
    hint:
      'Probabilities of a sigmoid need losses for many labels an example, which compare class by class. ' +
      (source
        ? `Where classes exclude each other, name the value before the sigmoid in \`outputs:\` (\`potstill inspect\` lists them); if these are scores all the same, write ${line('logits')}.`
        : 'Where classes exclude each other, answer with the scores before the sigmoid.'),
  });
}

function yamlText(name: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(name) ? name : JSON.stringify(name);
}

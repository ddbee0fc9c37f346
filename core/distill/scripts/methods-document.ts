// docs/methods.md: the losses of potstill, generated from their components and the measured costs.
import { existsSync, readFileSync } from 'node:fs';
import { methodsPage, type MethodCost } from '../src/container/methods-page.js';
import { schemes } from '../src/container/schemes.js';
import { builtInPlugin } from '../src/run/built-in.js';

const costsFile = new URL('../../../docs/results/method-costs.json', import.meta.url);

interface Costs {
  /** How and where they were measured, one line. */
  readonly measured: string;
  readonly costs: Readonly<Record<string, MethodCost>>;
}

const intro = `# Methods

The losses of potstill and its schemes of training, each with its paper, its formula and its options with their defaults. This page is generated from the code; \`potstill list losses --markdown\` prints
the same, with the losses of your plugins (\`-p\`), and \`potstill explain NAME\` shows one. Names of other libraries work too: \`potstill explain KDLoss\`.
Every loss is held against PyTorch, value and gradients, by the cases in [test/golden](../test/golden). [Choose a method](guide/methods.md) helps to choose.

\`student\` and \`teacher\` name the outputs that a loss compares, \`layers: 'stage.{1,2} -> stage.{1,2}'\` several of them, teacher first; \`target\` names the field with
the truth and \`mask\` one that says which positions count. They are not repeated below. In formulas \`z\` is the student's output and \`v\` the teacher's. A loss is the mean over the examples, or positions, that count.`;

/** Schemes that need no code. */
function recipesOnly(): string {
  const rows = schemes.map(
    ({ name, names, paper, url, recipe }) =>
      `| ${name} (${names.join(', ')}) | [${paper}](${url}) | \`${recipe.replace(/ +#.*/, '')}\` |`,
  );
  return [
    '## Schemes that are recipes',
    '',
    'Made of stages, teachers and losses, without code of their own; [stages](guide/stages.md) shows each.',
    '',
    '| scheme | paper | in a recipe |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** The whole page, unformatted. */
export function methodsDocument(): string {
  const measured = existsSync(costsFile) ? (JSON.parse(readFileSync(costsFile, 'utf8')) as Costs) : undefined;
  const found = builtInPlugin.components
    .filter(({ method }) => method !== undefined)
    // Losses first: they are what most come for.
    .sort((a, b) => Number(b.kind === 'loss') - Number(a.kind === 'loss'))
    .map((definition) => ({ definition, plugin: builtInPlugin }));
  const cost = measured
    ? `\n\n*ms a step*: value and gradient of the loss for outputs of the shapes that ResNet-20 and ResNet-56 give (hidden states and attention: 32 sequences of 64), less what a mean of the same outputs costs; in brackets torchdistill's for outputs of the same shapes. ${measured.measured}`
    : '';
  return `${intro}${cost}\n\n${methodsPage(found, measured ? { costs: measured.costs } : {})}\n\n${recipesOnly()}\n`;
}

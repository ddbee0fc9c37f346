// The text of docs/kernels.md, from the kernel table.
import prettier from 'prettier';
import { extendedGradients, missingGradients, replacedGradients } from '../src/kernels/gradients/table.js';
import { departures, kernelSubjects, unsupportedKernels } from '../src/kernels/index.js';
import { isOwn, withoutGradient } from './not-by-table.js';
import { kernelVisits, type KernelVisits } from './visits.js';

const row = ([kernel, text]: readonly [string, string]): string => `| \`${kernel}\` | ${text} |`;

const code = (names: Iterable<string>): string =>
  [...names]
    .sort()
    .map((name) => `\`${name}\``)
    .join(' ');

/** Kinds of operands, in the order in which the page names them. */
const kinds = [
  'float32',
  'int32',
  'bool',
  'size 0',
  'size 1',
  'rank 0',
  'unequal shapes',
  'NaN or infinite',
  'same',
  'valid',
  'padding by a number',
  'padding by side',
  'strides',
  'dilations',
];

function operandsOf(visited: ReadonlySet<string>): string {
  const unknown = [...visited].filter((kind) => !kinds.includes(kind));
  if (unknown.length > 0) throw new Error(`internal: the page has no place for ${unknown.join(', ')}`);
  return kinds.filter((kind) => visited.has(kind)).join(', ');
}

/** A row of a subject's table: what the kernel became and what its tests were, from what they noted while they ran. */
function kernelRow(name: string, visits: KernelVisits | undefined): string {
  if (isOwn(name)) return `| \`${name}\` | see the function | its tests | its tests |`;
  const values = `${code(visits?.agreement ?? [])}: ${operandsOf(visits?.operands ?? new Set())}`;
  const gradient = code(visits?.gradient ?? []) || withoutGradient[name];
  return `| \`${name}\` | ${code(visits?.operators ?? []) || 'none'} | ${values} | ${gradient} |`;
}

/** Markdown of the page, formatted as the repository formats it. `file` is where it will stand. */
export async function kernelsPage(file: string): Promise<string> {
  const visits = kernelVisits();
  const subjects = Object.entries(kernelSubjects).map(([subject, rules]) =>
    [
      `### ${subject}`,
      '',
      '| Kernel | ONNX operators | Values | Gradient |',
      '| --- | --- | --- | --- |',
      ...Object.keys(rules)
        .sort()
        .map((name) => kernelRow(name, visits.get(name))),
      '',
    ].join('\n'),
  );
  const text = [
    '# Kernels',
    '',
    'A step is recorded as TF.js kernels, and each kernel is written in ONNX operators (opset 21). This page is written',
    'from the kernel table and from what the tests note while they run (`core/engine/test/*/visits/*.json`) by',
    '`npm run kernels`, and a test holds it current.',
    '',
    '## With a rule',
    '',
    'Images and volumes are channels last (NHWC, NDHWC). For each kernel:',
    '',
    '- **ONNX operators**: all that its rule wrote in the tests; which of them depends on shapes and attributes. The',
    '  passes over the whole graph come after that.',
    '- **Values**: the files in `core/engine/test/kernels` that run it on the cpu backend of TF.js and again as a graph',
    '  of its own, and the operands that it had there.',
    '- **Gradient**: the files in `core/engine/test/gradients` that hold its gradient against central differences of the',
    '  forward pass in double precision, as part of a graph made as a training step is made; or why there is none.',
    '',
    ...subjects,
    '## Where numbers differ from the cpu backend of TF.js',
    '',
    '| Kernel | Difference |',
    '| --- | --- |',
    ...Object.entries(departures).map(row),
    '',
    '## Gradients beyond those of TF.js',
    '',
    'The engine registers these with TF.js only while it works (records a step, runs one on an eager backend) and then puts',
    'back what was there, so your own use of `tf.grad` is not affected. They hold on every backend:',
    '',
    '- TF.js has none. If you have registered one yourself, the engine uses yours:',
    `  ${code(Object.keys(missingGradients).filter((kernel) => !kernel.startsWith('Potstill')))};`,
    '- TF.js has one that is wrong along an axis that is not the last (`Cumsum`), leaves out the mirrored parts (`MirrorPad`),',
    '  refuses more than four axes (`Tile`) or makes a tensor of ones on the host (`Sum`, `Mean`):',
    `  ${code(Object.keys(replacedGradients))};`,
    '- TF.js has one that refuses dilation, operands that are broadcast or a single output. The engine extends the one that is',
    `  registered: ${code(Object.keys(extendedGradients))}.`,
    '  `tf.fused.conv2d` with a linear activation has a gradient of its own that cannot be replaced: give a dilated',
    '  `tf.layers.conv2d` its activation, or use `tf.conv2d`.',
    '',
    'Where the gradient of TF.js is not a derivative, the engine keeps it: `Cast` to int32 and bool passes it on, and',
    '`FloorDiv` has that of the quotient.',
    '',
    '`tf.batchNorm` without a scale or an offset, which TF.js cannot differentiate, gets ones and zeros while the engine works. TF.js',
    'cannot differentiate what is broadcast to no elements, and the activations elu, sigmoid and leakyrelu within a fused operation.',
    '',
    '## Without a rule',
    '',
    '| Kernel | Why |',
    '| --- | --- |',
    ...Object.entries(unsupportedKernels).map(row),
    '',
  ].join('\n');
  const config = await prettier.resolveConfig(file);
  return prettier.format(text, { ...config, filepath: file });
}

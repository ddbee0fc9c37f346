// The text of docs/kernels.md, from the kernel table.
import prettier from 'prettier';
import { missingGradients } from '../src/kernels/gradients/missing.js';
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
    'Registered with TF.js when the engine is loaded, so they hold on every backend:',
    '',
    '- those that it refuses: dilated convolutions (`Conv2D`, `DepthwiseConv2dNative`). `tf.fused.conv2d` with a linear',
    '  activation has a gradient of its own that cannot be replaced: give a dilated `tf.layers.conv2d` its activation,',
    '  or use `tf.conv2d`;',
    '- those that it lacks, fails to compute for operands that are broadcast or for a single output, or has wrong (along',
    '  an axis that is not the last: `Cumsum`; the mirrored parts: `MirrorPad`):',
    `  ${code(Object.keys(missingGradients()))}.`,
    '',
    'Where the gradient of TF.js is no derivative, it is kept: `Cast` to int32 and bool passes it on, and `FloorDiv` has',
    'that of the quotient. `Sum` and `Mean` have gradients without a tensor of ones made on the host.',
    '',
    'TF.js cannot differentiate `tf.batchNorm` without a scale and an offset, what is broadcast to no elements, and the activations',
    'elu, sigmoid and leakyrelu within a fused operation.',
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
